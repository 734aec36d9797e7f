//! `acidtest view`: the web page over a store.

use super::StoreArg;
use crate::exit::{Exit, Failure, print};
use crate::lang::told;
use crate::open_store::{path, to_read, trouble};
use acidtest_serve::{BadToken, Options, ServeError, Server, Shutdown, Token};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// Show stored runs in the browser, live while they go on
///
/// The first line on stdout is the address to open; it carries the token of this start, which
/// deleting, voting and annotating need. Follows the store: a run that goes on is seen as it goes,
/// and a project without a store shows an empty page until its first run. On a loopback address
/// reading needs no token; beyond loopback everything does, and there is no encryption: use a tunnel
/// (ssh -L) or a proxy with TLS. Nothing is fetched from other machines. Ctrl-C ends it.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Open at this run: its id, a unique prefix, or `latest`
    run: Option<String>,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR:PORT", default_value = "127.0.0.1:8400")]
    listen: SocketAddr,
    /// Take the token from this environment variable, in place of a new one
    #[arg(long, value_name = "NAME")]
    token_env: Option<String>,
    /// Answer to this name too, such as that of a proxy; may be repeated
    #[arg(long = "host", value_name = "NAME")]
    hosts: Vec<String>,
    #[command(flatten)]
    store: StoreArg,
}

pub(crate) fn run(args: Args) -> Result<Exit, Failure> {
    // Before any thread starts.
    acidtest_clock::one_arena();
    check_hosts(&args.hosts)?;
    let token = token(args.token_env.as_deref())?;
    let store = path(&args.store)?;
    // A store that was named must be there; that of a project comes with its first run.
    let is_awaited = args.store.store.is_none() && !store.exists();
    let at = at(&args, is_awaited)?;
    let options = Options {
        listen: args.listen,
        store_words: store.display().to_string(),
        store,
        is_awaited,
        token: token.clone(),
        hosts: args.hosts.clone(),
        give_back: acidtest_clock::give_back,
    };
    let server = Server::bind(options).map_err(|e| refused(e, args.listen))?;
    let shutdown = Shutdown::default();
    let stop = shutdown.clone();
    let _ = ctrlc::set_handler(move || stop.stop());
    let name = name(server.address(), &args.hosts);
    print(&format!("http://{name}/#{at}token={}\n", token.text()))?;
    if !server.address().ip().is_loopback() {
        eprintln!("{}", told("warning: nothing is encrypted: who reads the network reads token and runs"));
    }
    server.run(&shutdown).map_err(|e| Failure::new(Exit::Internal, e))?;
    Ok(Exit::Ok)
}

/// The page to open at, as the address has it; the token follows it.
fn at(args: &Args, is_awaited: bool) -> Result<String, Failure> {
    if is_awaited && args.run.is_none() {
        return Ok(String::new());
    }
    let store = to_read(&args.store)?;
    let Some(wanted) = &args.run else { return Ok(String::new()) };
    let run = store.resolve(wanted).map_err(trouble)?;
    Ok(format!("/run/{run}?"))
}

fn token(variable: Option<&str>) -> Result<Token, Failure> {
    let Some(name) = variable else {
        return Token::new().map_err(|e| Failure::new(Exit::Internal, e));
    };
    let value = std::env::var(name).unwrap_or_default();
    if value.is_empty() {
        return Err(Failure::usage(format!("--token-env {name}: the variable is not set"))
            .hint(format!("export {name}=… with at least 16 letters and digits")));
    }
    Token::chosen(&value).map_err(|e: BadToken| {
        Failure::new(Exit::Usage, anyhow::Error::new(e).context(format!("--token-env {name}")))
    })
}

/// A name as a browser sends it: no scheme, port or path.
fn check_hosts(hosts: &[String]) -> Result<(), Failure> {
    let is_name = |c: char| c.is_alphanumeric() || "-._".contains(c);
    let is_host = |h: &&String| !h.is_empty() && (h.chars().all(is_name) || h.parse::<Ipv6Addr>().is_ok());
    match hosts.iter().find(|h| !is_host(h)) {
        None => Ok(()),
        Some(odd) => Err(Failure::usage(format!("--host '{odd}' is no name of a machine"))
            .hint("the name alone, such as page.example.org: without http:// and without a port")),
    }
}

/// What a browser can open: a wildcard address is none.
fn name(address: SocketAddr, hosts: &[String]) -> String {
    match (address.ip(), hosts.first()) {
        (IpAddr::V4(Ipv4Addr::UNSPECIFIED) | IpAddr::V6(Ipv6Addr::UNSPECIFIED), None) => {
            format!("127.0.0.1:{}", address.port())
        }
        (ip, Some(host)) if !ip.is_loopback() => format!("{host}:{}", address.port()),
        _ => address.to_string(),
    }
}

fn refused(e: ServeError, listen: SocketAddr) -> Failure {
    let hint = match &e {
        ServeError::PortInUse(_) => format!(
            "another acidtest view? Its address was printed when it started; else --listen {}:0 takes a free port",
            if listen.is_ipv6() { format!("[{}]", listen.ip()) } else { listen.ip().to_string() }
        ),
        _ => "--listen takes an address of this machine and a port, such as 127.0.0.1:8400".to_owned(),
    };
    Failure::new(Exit::Usage, e).hint(hint)
}
