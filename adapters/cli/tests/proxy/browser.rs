//! A page of another site in a real browser, which asks this machine's proxy for what it is not told.

use crate::run::{Running, stage};
use crate::webdriver::Browser;
use bytes::Bytes;
use http::Response;
use kubecred_loopback::ApiServer;
use std::time::Duration;

const PAGE: &str = "<!doctype html><title>another site</title><p>hello";

/// Posts a form's content, opens a WebSocket, loads a picture; says when all have ended, whatever
/// came of them. `localhost` is another site than `127.0.0.1`, where the page is from.
fn attack(port: &str) -> String {
    let pods = format!("localhost:{port}/api/v1/namespaces/default/pods");
    format!(
        "window.left = 3; const ended = () => {{ window.left -= 1; }};
         fetch('http://{pods}', {{ method: 'POST', mode: 'no-cors', body: '{{}}' }}).then(ended, ended);
         const socket = new WebSocket('ws://{pods}/web-0/portforward');
         socket.onerror = ended;
         const picture = new Image(); picture.onerror = ended; picture.onload = ended;
         picture.src = 'http://{pods}?picture';"
    )
}

/// I: a page reaches the API server through kubectl's proxy, with the login of whom it belongs to.
#[tokio::test(flavor = "multi_thread")]
async fn px_17_a_real_page_of_another_site_gets_nothing_through() {
    let page = ApiServer::builder().plain_http().respond(|_| {
        let page = Response::builder().header("content-type", "text/html");
        Some(page.body(Bytes::from_static(PAGE.as_bytes())).unwrap())
    });
    let page = page.start().await.unwrap();
    let stage = stage().await;
    let theirs = Running::kubectl(&stage, 33, &[]).await;
    let ours = Running::kubecred(&stage, &[]).await;
    stage.server.take_exchanges();
    let run = |proxy: &Running| {
        let (url, port) = (page.url(), proxy.place.rsplit(':').next().unwrap().to_owned());
        tokio::task::block_in_place(move || {
            let browser = Browser::start();
            browser.open(&url);
            browser.wait_for("hello");
            browser.script(&attack(&port));
            for _ in 0..600 {
                if browser.script("return window.left").as_i64() == Some(0) {
                    return;
                }
                std::thread::sleep(Duration::from_millis(50));
            }
            panic!("the page's requests do not end");
        });
        let sent = stage.server.take_exchanges();
        let lines = sent.iter().map(|sent| format!("{} {}", sent.method, sent.path_and_query));
        let mut lines: Vec<String> = lines.collect();
        lines.sort();
        lines
    };
    let pods = "/api/v1/namespaces/default/pods";
    let all = [
        format!("GET {pods}/web-0/portforward"),
        format!("GET {pods}?picture"),
        format!("POST {pods}"),
    ];
    assert_eq!(run(&theirs), all, "the attack is one");
    let through = run(&ours);
    assert!(through.is_empty(), "{through:?}");
    ours.stop().await;
}
