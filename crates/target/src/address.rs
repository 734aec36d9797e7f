//! A target's address: the parts of its URL.
//!
//! Main type: [`Address`]. Must not resolve names.

use http::Uri;

/// Why a URL cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is not a URL.
    #[error("'{url}' is not a URL: {why}; expected http://HOST[:PORT]/v1 or https://…")]
    Syntax {
        /// The URL, cut, user info struck out.
        url: String,
        /// What is wrong.
        why: String,
    },
    /// It has another scheme.
    #[error("'{url}' has scheme '{scheme}', expected http or https")]
    Scheme {
        /// The URL.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// It holds a user name or password.
    #[error("'{url}' holds a user name or password, which would be stored with the run")]
    UserInfo {
        /// The URL, user info struck out.
        url: String,
    },
}

/// Where to connect and what to ask for there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) tls: bool,
    /// Name or IP address, without brackets.
    pub(crate) host: String,
    pub(crate) port: u16,
    /// As it stands in the URL: the `host` header.
    pub(crate) authority: String,
    /// Path and query.
    pub(crate) path: String,
}

impl Address {
    /// The endpoint `end` under a base URL; a URL that already names it is taken as it is.
    pub(crate) fn under(base: &str, end: &str) -> Result<Self, AddressError> {
        let url = shown(base);
        if base.contains('#') {
            let why = "it has a fragment ('#')".to_owned();
            return Err(AddressError::Syntax { url, why });
        }
        let uri: Uri = base
            .trim()
            .parse()
            .map_err(|e| AddressError::Syntax { url: url.clone(), why: format!("{e}") })?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            let why = "it has no scheme or no host".to_owned();
            return Err(AddressError::Syntax { url, why });
        };
        let tls = match scheme {
            "http" => false,
            "https" => true,
            other => {
                let scheme = other.to_owned();
                return Err(AddressError::Scheme { url, scheme });
            }
        };
        if authority.as_str().contains('@') {
            return Err(AddressError::UserInfo { url });
        }
        let host = authority.host();
        let port_text = authority.as_str()[host.len()..].trim_start_matches(':');
        let default = if tls { 443 } else { 80 };
        let port = match port_text {
            "" => Some(default),
            text => text.parse::<u16>().ok().filter(|p| *p > 0),
        };
        let host = host.trim_matches(['[', ']']).to_owned();
        let (Some(port), false) = (port, host.is_empty()) else {
            let why = format!("its host or port '{port_text}' is not usable");
            return Err(AddressError::Syntax { url, why });
        };
        Ok(Self { tls, host, port, authority: authority.as_str().to_owned(), path: path_of(&uri, end) })
    }
}

fn path_of(uri: &Uri, end: &str) -> String {
    let base = uri.path().trim_end_matches('/');
    let end = if base.ends_with(end) { "" } else { end };
    let query = uri.query().map(|q| format!("?{q}")).unwrap_or_default();
    format!("{base}{end}{query}")
}

/// The URL as errors show it: cut, without what stands before an `@`.
fn shown(url: &str) -> String {
    let text: String = url.trim().chars().take(200).collect();
    let (scheme, rest) = match text.split_once("://") {
        Some((s, r)) => (format!("{s}://"), r),
        None => (String::new(), text.as_str()),
    };
    let end = rest.find('/').unwrap_or(rest.len());
    match rest[..end].rfind('@') {
        Some(at) => format!("{scheme}***{}", &rest[at..]),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, tls: bool, host: &str, port: u16, path: &str) {
        let a = Address::under(url, "/chat/completions").unwrap();
        let got = (a.tls, a.host.as_str(), a.port, a.path.as_str());
        assert_eq!(got, (tls, host, port, path), "{url}");
    }

    #[test]
    fn bases_become_chat_endpoints() {
        check("http://h:8000/v1", false, "h", 8000, "/v1/chat/completions");
        check("https://h/v1/", true, "h", 443, "/v1/chat/completions");
        check("http://h", false, "h", 80, "/chat/completions");
        check("http://[::1]:9/v1", false, "::1", 9, "/v1/chat/completions");
        check("https://h/x/chat/completions?v=1", true, "h", 443, "/x/chat/completions?v=1");
        check("http://h/v1?v=1", false, "h", 80, "/v1/chat/completions?v=1");
    }

    #[test]
    fn odd_urls_are_refused_without_showing_secrets() {
        for (url, words) in [
            ("ftp://h/v1", "scheme 'ftp'"),
            ("h/v1", "not a URL"),
            ("", "not a URL"),
            ("http://me:pass@h/v1", "'http://***@h/v1' holds a user name"),
            ("http://h:99999/v1", "not usable"),
            ("http://h:0/v1", "not usable"),
            ("http://h/v1#x", "fragment"),
            ("http:///v1", "not a URL"),
        ] {
            let text = Address::under(url, "/chat/completions").unwrap_err().to_string();
            assert!(text.contains(words), "{url}: {text}");
            assert!(!text.contains("pass@"), "{text}");
        }
    }
}
