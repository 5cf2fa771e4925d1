//! The description as one page of plain HTML.

use std::fmt::Write as _;

use serde_json::Value;

use super::{DOCUMENT, ENDPOINTS, Endpoint, Reply, schemas};

const STYLE: &str = "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;\
color:#222;background:#fff}summary{cursor:pointer;padding:.3rem 0}code,pre{font:14px/1.4 ui-monospace,monospace}\
pre{background:#f4f4f4;padding:.6rem;overflow:auto}.m{display:inline-block;width:4.5rem;font-weight:700}\
details>div{margin:0 0 1rem 4.5rem}.s{color:#666}\
@media(prefers-color-scheme:dark){body{color:#ddd;background:#181818}pre{background:#262626}.s{color:#999}a{color:#8bf}}";

/// The page.
pub fn page() -> String {
    let mut text = String::from("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\n");
    let _ = write!(
        text,
        "<meta name=\"viewport\" content=\"width=device-width\"><title>gavel API</title>\
         <style>{STYLE}</style>\n<h1>gavel {}</h1>\n<p>Every request and reply of the coordinator \
         and of a node. For programs: <a href=\"{DOCUMENT}\">{DOCUMENT}</a>. A refusal is a problem \
         document; its <code>type</code> is stable, its <code>instance</code> is the id of the \
         request, as in <code>x-request-id</code> and in the server's log.</p>\n",
        env!("CARGO_PKG_VERSION")
    );
    for (server, title) in
        [("coordinator", "At the coordinator"), ("node", "At a node"), ("both", "At both")]
    {
        let _ = writeln!(text, "<h2>{title}</h2>");
        for endpoint in ENDPOINTS.iter().filter(|endpoint| endpoint.server() == server) {
            one(&mut text, endpoint);
        }
    }
    text.push_str("<h2>Schemas</h2>\n");
    if let Value::Object(all) = schemas::schemas() {
        for (name, schema) in all {
            let json = serde_json::to_string_pretty(&schema).unwrap_or_default();
            let _ = writeln!(
                text,
                "<details id=\"{name}\"><summary><code>{name}</code></summary><pre>{}</pre></details>",
                escaped(&json)
            );
        }
    }
    text.push_str("</html>\n");
    text
}

fn one(text: &mut String, endpoint: &Endpoint) {
    let _ = write!(
        text,
        "<details><summary><code><span class=\"m\">{}</span>{}</code> <span class=\"s\">{}</span>\
         </summary><div><p>For {}.</p>",
        endpoint.method,
        endpoint.path,
        escaped(endpoint.summary),
        escaped(endpoint.who)
    );
    if let Some(body) = endpoint.body {
        let _ = write!(text, "<p>Body: {}</p>", link(body));
    }
    let reply = match endpoint.reply {
        Reply::Json(status, schema) => format!("{status}, {}", link(schema)),
        Reply::List(schema) => format!("200, a list of {}", link(schema)),
        Reply::Empty(status) => format!("{status}, empty"),
        Reply::Events => "200, server-sent events".to_owned(),
        Reply::Grpc => "200, a stream over gRPC".to_owned(),
        Reply::Page => "200, a page".to_owned(),
        Reply::Stream => "101, the binary stream".to_owned(),
    };
    let _ = write!(text, "<p>Reply: {reply}</p><p>Problems:</p><ul>");
    for kind in endpoint.all_problems() {
        let _ = write!(
            text,
            "<li>{} <code>{}</code> {}</li>",
            kind.status(),
            kind.urn(),
            escaped(kind.title())
        );
    }
    text.push_str("</ul></div></details>\n");
}

fn link(schema: &str) -> String {
    format!("<a href=\"#{schema}\">{schema}</a>")
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
