//! `multipart/form-data` bodies (RFC 7578).
//!
//! Main function: [`body`]. The boundary follows from the contents, so that
//! equal requests have equal bytes. Must not open files: bytes come with [`Files`].

use crate::custom::files::Files;
use acidtest_record::placeholder::Template;
use acidtest_record::{Digest, PartSpec};
use http::HeaderValue;
use memchr::memmem;
use serde_json::{Map, Value};

/// Length of a boundary.
const BOUNDARY: usize = 40;

struct Part {
    head: String,
    bytes: bytes::Bytes,
}

/// The bytes of a body.
pub(crate) fn body(
    parts: &[PartSpec],
    values: &Map<String, Value>,
    files: &Files,
) -> Result<Vec<u8>, String> {
    let parts: Vec<Part> = parts.iter().map(|p| part(p, values, files)).collect::<Result<_, _>>()?;
    let boundary = boundary(&parts);
    let mut out = Vec::new();
    for part in &parts {
        out.extend_from_slice(format!("--{boundary}\r\n{}\r\n", part.head).as_bytes());
        out.extend_from_slice(&part.bytes);
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    Ok(out)
}

/// The media type of a body that [`body`] made: its boundary stands at its beginning.
pub(crate) fn media(body: &[u8]) -> Option<HeaderValue> {
    let boundary = std::str::from_utf8(body.get(2..2 + BOUNDARY)?).ok()?;
    HeaderValue::from_str(&format!("multipart/form-data; boundary={boundary}")).ok()
}

fn part(spec: &PartSpec, values: &Map<String, Value>, files: &Files) -> Result<Part, String> {
    let fill = |text: &str| Template::parse(text).and_then(|t| t.text(values)).map_err(|e| e.0);
    let name = quoted(&spec.name);
    let media = |default: &str| match spec.media.as_deref().unwrap_or(default) {
        "" => String::new(),
        media => format!("Content-Type: {media}\r\n"),
    };
    if let Some(path) = &spec.file {
        let path = fill(path)?;
        let bytes = files.get(&path).ok_or_else(|| format!("the file '{path}' was not read"))?;
        let file = quoted(path.rsplit('/').next().unwrap_or(&path));
        let media = media("application/octet-stream");
        let head = format!("Content-Disposition: form-data; name=\"{name}\"; filename=\"{file}\"\r\n{media}");
        return Ok(Part { head, bytes });
    }
    let bytes = fill(spec.value.as_deref().unwrap_or_default())?.into();
    let head = format!("Content-Disposition: form-data; name=\"{name}\"\r\n{}", media(""));
    Ok(Part { head, bytes })
}

/// A name in a part's head, escaped as browsers do.
fn quoted(name: &str) -> String {
    name.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

/// A boundary that stands in none of the parts.
fn boundary(parts: &[Part]) -> String {
    let mut seed = String::from("acidtest");
    loop {
        let mut all: Vec<&[u8]> = vec![seed.as_bytes()];
        for part in parts {
            all.push(part.head.as_bytes());
            all.push(&part.bytes);
        }
        let digest = Digest::of_parts(&all).to_string();
        let boundary: String = format!("acidtest{digest}").chars().take(BOUNDARY).collect();
        if parts.iter().all(|p| memmem::find(&p.bytes, boundary.as_bytes()).is_none()) {
            return boundary;
        }
        seed = boundary;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_exact() {
        let parts = [
            PartSpec { name: "q\"x".into(), value: Some("{{ q }}".into()), ..PartSpec::default() },
            PartSpec {
                name: "photo".into(),
                file: Some("img/{{ n }}.png".into()),
                media: Some("image/png".into()),
                ..PartSpec::default()
            },
        ];
        let values = serde_json::json!({"q": "탑\r\n--x", "n": 1});
        let files = Files::of([("img/1.png".to_owned(), bytes::Bytes::from_static(b"\x89PNG\0"))]);
        let values = values.as_object().unwrap();
        let got = body(&parts, values, &files).unwrap();
        let boundary = String::from_utf8(got[2..2 + BOUNDARY].to_vec()).unwrap();
        let mut want = format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"q%22x\"\r\n\r\n탑\r\n--x\r\n--{boundary}\r\n\
             Content-Disposition: form-data; name=\"photo\"; filename=\"1.png\"\r\nContent-Type: image/png\r\n\r\n"
        )
        .into_bytes();
        want.extend_from_slice(b"\x89PNG\0\r\n");
        want.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        assert_eq!(String::from_utf8_lossy(&got), String::from_utf8_lossy(&want));
        assert_eq!(got, body(&parts, values, &files).unwrap(), "equal requests have equal bytes");
        let media = media(&got).unwrap();
        assert_eq!(media.to_str().unwrap(), format!("multipart/form-data; boundary={boundary}"));
        assert!(body(&parts, values, &Files::default()).unwrap_err().contains("img/1.png"));
    }
}
