//! A browser of a few lines, for a demo that nobody watches: it goes where it is sent, on loopback,
//! and fills in the provider's form.

use crate::commands::Run;
use crate::connection_flags::ConnectionFlags;
use crate::report::{Exit, Report};
use clap::Args;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// Much longer than a server on loopback takes.
const PATIENCE: Duration = Duration::from_secs(30);

/// More than any page of the demo has.
const LIMIT: u64 = 1 << 20;

/// More redirects than a login has.
const MOST_REDIRECTS: usize = 10;

/// The browser of kubecred demo login --headless
#[derive(Args, Clone, Debug)]
#[command(hide = true)]
pub(crate) struct DemoBrowser {
    /// Where to begin
    url: String,
}

impl Run for DemoBrowser {
    fn run(self, _before: ConnectionFlags) -> Result<(), Report> {
        log_in(&self.url)
            .map_err(|problem| Report::new(Exit::ErrorStatus, format_args!("browser: {problem}")))
    }
}

/// A page, and where it came from.
struct Page {
    address: SocketAddr,
    body: String,
}

fn log_in(url: &str) -> Result<(), String> {
    let page = visit(url, None)?;
    let request = hidden_field(&page.body, "request").ok_or("there is no login page")?;
    let form = format!("request={request}&user=demo");
    let page = visit(&format!("http://{}/login", page.address), Some(&form))?;
    match page.body.contains("You are logged in.") {
        true => Ok(()),
        false => Err("the last page does not say that you are logged in".into()),
    }
}

/// Fetches a page, or sends a form, and follows redirects.
fn visit(url: &str, mut form: Option<&str>) -> Result<Page, String> {
    let mut url = url.to_owned();
    for _ in 0..MOST_REDIRECTS {
        let rest = url.strip_prefix("http://").ok_or("the address is not http")?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let address: SocketAddr = host.parse().map_err(|_| "the address has no number")?;
        if !address.ip().is_loopback() {
            return Err("the address is not on this machine".into());
        }
        let answer = exchange(address, host, path, form.take())
            .map_err(|error| format!("http://{host}: {error}"))?;
        let (head, body) = answer.split_once("\r\n\r\n").ok_or("the answer has no end")?;
        let Some(location) = header(head, "location") else {
            return Ok(Page { address, body: body.to_owned() });
        };
        url = match location.starts_with('/') {
            true => format!("http://{host}{location}"),
            false => location.to_owned(),
        };
    }
    Err("there are too many redirects".into())
}

fn exchange(
    address: SocketAddr,
    host: &str,
    path: &str,
    form: Option<&str>,
) -> std::io::Result<String> {
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let method = if form.is_some() { "POST" } else { "GET" };
    let body = form.unwrap_or_default();
    let kind = match form {
        Some(body) => format!(
            "content-type: application/x-www-form-urlencoded\r\ncontent-length: {}\r\n",
            body.len()
        ),
        None => String::new(),
    };
    let request = format!(
        "{method} /{path} HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\
         sec-fetch-mode: navigate\r\nsec-fetch-dest: document\r\n{kind}\r\n{body}"
    );
    stream.write_all(request.as_bytes())?;
    let mut answer = Vec::new();
    stream.take(LIMIT).read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let fields = head.lines().filter_map(|line| line.split_once(':'));
    let mut fields = fields.filter(|(found, _)| found.eq_ignore_ascii_case(name));
    fields.next().map(|(_, value)| value.trim())
}

/// The value of a hidden field of the provider's form.
fn hidden_field<'a>(page: &'a str, name: &str) -> Option<&'a str> {
    let (_, rest) = page.split_once(&format!("name=\"{name}\""))?;
    let (_, rest) = rest.split_once("value=\"")?;
    rest.split_once('"').map(|(value, _)| value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_reads_what_it_needs_and_leaves_this_machine_never() {
        let page = "<form><input type=hidden name=\"request\" value=\"a-_1\"><input name=\"user\">";
        assert_eq!(hidden_field(page, "request"), Some("a-_1"));
        assert_eq!(hidden_field(page, "token"), None);
        let head = "HTTP/1.1 303 See Other\r\nLocation: /x\r\n";
        assert_eq!(header(head, "location"), Some("/x"));
        for url in ["https://127.0.0.1:1/", "http://192.0.2.1:80/", "http://idp.example/"] {
            assert!(visit(url, None).is_err(), "{url}");
        }
    }
}
