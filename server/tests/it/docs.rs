//! The documentation site: every page, every link, every error code.

use std::collections::{HashMap, HashSet};

use sautikit_api::ErrorCode;

use crate::support::{Client, Engine, ORIGIN, Server};

/// Values of an attribute, as our renderer writes it.
fn attributes<'a>(html: &'a str, start: &str) -> Vec<&'a str> {
    html.split(start).skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

/// Every address that `<a>` elements of the page lead to.
fn links(html: &str) -> Vec<&str> {
    html.split("<a ").skip(1).filter_map(|tag| attributes(tag.split('>').next()?, "href=\"").first().copied()).collect()
}

async fn pages_by_address(client: &Client) -> HashMap<String, String> {
    let mut pages = HashMap::new();
    let mut waiting = vec!["/docs".to_owned()];
    while let Some(address) = waiting.pop() {
        if pages.contains_key(&address) {
            continue;
        }
        let html = client.get(&address).await.expect(200).text;
        let further = links(&html).into_iter().map(|link| link.split('#').next().unwrap_or_default());
        waiting.extend(further.filter(|link| link.starts_with("/docs")).map(str::to_owned));
        pages.insert(address, html);
    }
    pages
}

#[tokio::test]
async fn no_link_of_the_documentation_is_dead() {
    let server = Server::start(Engine::Sqlite).await;
    let client = server.client();
    let pages = pages_by_address(&client).await;
    assert!(pages.contains_key("/docs/concepts/calls") && pages.contains_key("/docs/operations/configuration"));

    let mut dead = Vec::new();
    let mut elsewhere = HashSet::new();
    for (address, html) in &pages {
        for link in links(html) {
            let (path, anchor) = link.split_once('#').unwrap_or((link, ""));
            let path = if path.is_empty() { address.as_str() } else { path };
            match pages.get(path) {
                Some(_) if anchor.is_empty() || anchor == "content" => {}
                Some(page) if attributes(page, " id=\"").contains(&anchor) => {}
                None if path.starts_with('/') => drop(elsewhere.insert(path.to_owned())),
                None if path.starts_with("https://") => {}
                _ => dead.push(format!("{address} → {link}")),
            }
        }
    }
    for path in elsewhere {
        // Pages of the console send visitors who are not signed in to the sign-in page.
        if !matches!(client.get(&path).await.status, 200..400) {
            dead.push(path);
        }
    }
    assert!(dead.is_empty(), "{dead:#?}");
}

#[tokio::test]
async fn every_code_has_the_page_that_its_answers_name() {
    let server = Server::start(Engine::Sqlite).await;
    let answer = server.client().get("/v1/nothing").await.expect_error("not_found");
    let docs_url = answer.json["error"]["docs_url"].as_str().unwrap();
    let root = docs_url.strip_suffix("not_found").and_then(|root| root.strip_prefix(ORIGIN)).unwrap();
    let list = server.client().get(root.trim_end_matches('/')).await.expect(200).text;
    for code in ErrorCode::ALL {
        for name in [code.as_str()].into_iter().chain(code.aliases().iter().copied()) {
            let page = server.client().get(&format!("{root}{name}")).await.expect(200).text;
            assert!(page.contains(code.as_str()) && page.contains(&format!("HTTP {}", code.status())), "{name}");
        }
        assert!(list.contains(&format!("href=\"{root}{code}\"")), "{code} is not on the list");
    }
}

#[tokio::test]
async fn people_see_a_page_where_programs_see_an_error() {
    let server = Server::start(Engine::Sqlite).await;
    let browser = server.client().with("accept", "text/html,application/xhtml+xml,*/*;q=0.8");
    for path in ["/docs/nothing", "/docs/errors/nothing", "/nothing"] {
        let page = browser.get(path).await.expect(404);
        assert!(page.text.contains("There is no such page"), "{path}: {}", page.text);
    }
    browser.get("/v1/nothing").await.expect_error("not_found");
    server.client().get("/nothing").await.expect_error("not_found");
    server.client().send("POST", "/nothing", None, "").await.expect_error("not_found");
    // A form that leads nowhere, and a method that nothing takes: pages too, with the code and the request's id.
    for (method, path, status, code) in
        [("POST", "/nothing", 404, "not_found"), ("GET", "/console/signin", 405, "method_not_allowed")]
    {
        let page = browser.send(method, path, None, "").await.expect(status);
        assert!(page.text.contains("<h1>") && page.text.contains(code) && page.text.contains("Request req_"), "{path}");
    }
}

#[tokio::test]
async fn llms_txt_lists_pages_that_exist() {
    let server = Server::start(Engine::Sqlite).await;
    let list = server.client().get("/llms.txt").await.expect(200);
    assert_eq!(list.header("content-type"), Some("text/plain; charset=utf-8"));
    let addresses: Vec<_> =
        list.text.split("](").skip(1).filter_map(|rest| rest.split(')').next()?.strip_prefix(ORIGIN)).collect();
    assert!(addresses.contains(&"/docs/concepts/calls"), "{}", list.text);
    for address in addresses {
        server.client().get(address).await.expect(200);
    }
}
