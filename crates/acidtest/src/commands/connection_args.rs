//! Flags on how a client comes to a target, for commands that take no suite.
//!
//! Main type: [`ConnectionArgs`]. Must not reach for any address.

use crate::exit::Failure;
use acidtest_record::{Cancel, CancelAfter, Connections, Http2};

/// How connections are made and used.
#[derive(clap::Args)]
pub(crate) struct ConnectionArgs {
    /// Connections: `reuse` keeps them alive, `new` opens one for each request, N closes one after N requests
    #[arg(long, value_name = "POLICY", default_value = "reuse", value_parser = policy)]
    connection: Policy,
    /// Speak HTTP/2: over https by ALPN, over http with prior knowledge
    #[arg(long)]
    http2: bool,
    /// HTTP/2: so many connections to each address [default: another one when all are full]
    #[arg(long, value_name = "N", requires = "http2", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    connections: Option<u32>,
    /// HTTP/2: most concurrent streams of a connection; a request that finds none free waits, and its wait is counted
    #[arg(long, value_name = "N", default_value_t = 100, requires = "http2", value_parser = clap::value_parser!(u32).range(1..=100_000))]
    streams: u32,
    /// Give requests up on purpose, as people do who close a page: after `3s`, or after `20` events of the stream
    #[arg(long, value_name = "WHEN", value_parser = when)]
    cancel_after: Option<CancelAfter>,
    /// Share of the requests that --cancel-after gives up
    #[arg(long, value_name = "SHARE", default_value_t = 1.0, requires = "cancel_after", value_parser = share)]
    cancel_share: f64,
}

/// How many requests a connection serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Policy(Option<u32>);

fn policy(text: &str) -> Result<Policy, String> {
    match text {
        "reuse" => Ok(Policy(None)),
        "new" => Ok(Policy(Some(1))),
        _ => match text.parse::<u32>() {
            Ok(n) if n > 0 => Ok(Policy(Some(n))),
            _ => Err("expected reuse, new, or a number of requests above 0".into()),
        },
    }
}

fn when(text: &str) -> Result<CancelAfter, String> {
    let events = text.trim().trim_end_matches("events").trim_end_matches("event").trim();
    if let Ok(n) = events.parse::<u32>() {
        return match n {
            1..=1_000_000 => Ok(CancelAfter::Events(n)),
            _ => Err("expected 1 to 1000000 events".into()),
        };
    }
    super::bench_load::seconds(text)
        .map(CancelAfter::Seconds)
        .map_err(|e| format!("{e}; or a number of events, such as 20"))
}

fn share(text: &str) -> Result<f64, String> {
    let (number, of) = text.strip_suffix('%').map_or((text, 1.0), |n| (n, 100.0));
    match number.trim().parse::<f64>() {
        Ok(n) if n > 0.0 && n <= of => Ok(n / of),
        _ => Err("expected a share above 0 and at most 1, such as 0.2 or 20%".into()),
    }
}

impl ConnectionArgs {
    /// How these arguments want a target to be reached at those addresses.
    pub(crate) fn connections(&self, urls: &[String]) -> Result<Connections, Failure> {
        let also = urls.get(1..).unwrap_or_default().to_vec();
        let is_built_in = |url: &String| url.starts_with("sim:") || url.starts_with("local:");
        if !also.is_empty() && urls.iter().any(is_built_in) {
            return Err(Failure::usage("--url: a built-in server has one address, and there are several")
                .hint("start servers with 'acidtest sim --listen' and name their addresses"));
        }
        Ok(Connections {
            also,
            requests: self.connection.0,
            http2: self.http2.then_some(Http2 { connections: self.connections, streams: self.streams }),
            cancel: self.cancel_after.map(|after| Cancel { after, share: self.cancel_share }),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_connections() {
        assert_eq!(policy("reuse"), Ok(Policy(None)));
        assert_eq!(policy("new"), Ok(Policy(Some(1))));
        assert_eq!(policy("12"), Ok(Policy(Some(12))));
        assert!(policy("0").is_err() && policy("old").is_err() && policy("-1").is_err());
        assert_eq!(when("20"), Ok(CancelAfter::Events(20)));
        assert_eq!(when("20 events"), Ok(CancelAfter::Events(20)));
        assert_eq!(when("1.5s"), Ok(CancelAfter::Seconds(1.5)));
        assert!(when("0").is_err() && when("soon").is_err() && when("3 d").is_err());
        assert_eq!((share("0.2"), share("20%"), share("1")), (Ok(0.2), Ok(0.2), Ok(1.0)));
        assert!(share("0").is_err() && share("1.1").is_err() && share("nan").is_err());
    }
}
