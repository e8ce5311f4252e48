//! The documentation site: every page, every link, every error code.

mod codes;

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
    assert_eq!(dead_links(&server.client()).await, Vec::<String>::new());
    // Pages that are translated have anchors of their own.
    assert_eq!(dead_links(&server.client().with("cookie", "sk_lang=sw")).await, Vec::<String>::new());
}

async fn dead_links(client: &Client) -> Vec<String> {
    let pages = pages_by_address(client).await;
    assert!(pages.contains_key("/docs/concepts/calls") && pages.contains_key("/docs/operations/configuration"));
    assert!(pages.contains_key("/docs/api/calls"), "the reference");

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
    dead
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

#[tokio::test]
async fn the_reference_has_a_page_for_each_group_and_needs_no_script() {
    let server = Server::start(Engine::Sqlite).await;
    let client = server.client();
    let list = client.get("/docs/api").await.expect(200).text;
    let groups: HashSet<&str> = links(&list).into_iter().filter(|link| link.starts_with("/docs/api/")).collect();
    let groups: HashSet<&str> = groups.into_iter().filter_map(|link| link.split('#').next()).collect();
    assert!(groups.len() > 10, "{groups:?}");
    let calls = client.get("/docs/api/calls").await.expect(200).text;
    for shown in [
        "property=\"og:title\"",
        "id=\"place-a-call\"",
        "data-request=\"POST /v1/calls\"",
        "curl -X POST",
        "client.calls.create(",
        "client.Calls.Create(ctx",
        "$client-&gt;calls-&gt;create(",
        "href=\"/docs/errors/calls.destination_blocked\"",
        "href=\"#object-call\"",
        "id=\"object-call\"",
    ] {
        assert!(calls.contains(shown), "{shown}");
    }
    // The frame is in the reader's language; descriptions say that they are English.
    let swahili = server.client().with("cookie", "sk_lang=sw").get("/docs/api/calls").await.expect(200).text;
    assert!(swahili.contains("Vigezo") && swahili.contains("lang=\"en\""));
}

#[tokio::test]
async fn the_documentation_is_searched_with_and_without_script() {
    let server = Server::start(Engine::Sqlite).await;
    let client = server.client().with("accept", "text/html");
    let page = client.get("/docs/search?q=machine+detection").await.expect(200).text;
    assert!(page.contains("href=\"/docs/verbs/dial\"") && page.contains("role=\"search\""), "{page}");
    let none = client.get("/docs/search?q=%3Cscript%3Equantum").await.expect(200).text;
    assert!(none.contains("Nothing was found") && !none.contains("<script>quantum"), "{none}");
    for lang in ["en", "sw"] {
        let page = server.client().with("cookie", &format!("sk_lang={lang}")).get("/docs").await.expect(200).text;
        let address = attributes(&page, "data-index=\"")[0].to_owned();
        assert!(address.contains(&format!("/{lang}-")), "{address}");
        let index = server.client().get(&address).await.expect(200);
        assert!(
            index.json["words"].is_object()
                && index.header("cache-control").is_some_and(|told| told.contains("immutable"))
        );
        let etag = index.header("etag").expect("a tag").to_owned();
        server.client().with("if-none-match", &etag).get(&address).await.expect(304);
        // What goes over the line, for the browsers that there are and for those that take the least.
        for coding in ["br", "gzip"] {
            let packed = server.client().with("accept-encoding", coding).get(&address).await.expect(200);
            assert_eq!(packed.header("content-encoding"), Some(coding));
            println!("{lang}: {} bytes, {coding} {}", index.text.len(), packed.bytes.len());
            assert!(packed.bytes.len() <= 60_000, "{lang}: {} bytes by {coding}", packed.bytes.len());
        }
    }
    let old = server.client().get("/docs/index/en-0123456789ab.json").await.expect(200);
    assert_eq!(old.header("cache-control"), Some("no-cache"));
}

#[tokio::test]
async fn every_public_page_names_a_picture_of_its_own() {
    let server = Server::start(Engine::Sqlite).await;
    let client = server.client();
    let mut pages: Vec<(String, String)> = pages_by_address(&client).await.into_iter().collect();
    for address in ["/", "/pricing", "/about", "/status", "/contact", "/docs/search"] {
        pages.push((address.to_owned(), client.get(address).await.text));
    }
    let mut seen = HashMap::new();
    for (address, html) in pages.iter().filter(|(address, _)| !address.ends_with(".txt")) {
        let named = |property: &str| {
            let all = attributes(html, &format!("<meta property=\"{property}\" content=\""));
            all.first().map(|content| (*content).to_owned()).unwrap_or_else(|| panic!("{address} has no {property}"))
        };
        let (title, image) = (named("og:title"), named("og:image"));
        assert_eq!(
            (named("og:image:alt"), named("og:image:width"), named("og:image:height")),
            (title, "1200".to_owned(), "630".to_owned())
        );
        let path = image.strip_prefix(ORIGIN).unwrap_or_else(|| panic!("{address}: {image} is not absolute"));
        assert_eq!(seen.insert(image.clone(), address), None, "{image} is two pages'");
        // One in eight: a picture takes a while in a build that is not optimised.
        if seen.len() % 8 != 1 {
            continue;
        }
        let picture = client.get(path).await.expect(200);
        assert_eq!(picture.header("content-type"), Some("image/png"));
        assert!(picture.bytes.len() <= 60_000, "{path}: {} bytes", picture.bytes.len());
        assert_eq!(picture.bytes[16..24], [0, 0, 4, 176, 0, 0, 2, 118], "{path}: width and height");
        let etag = picture.header("etag").expect("a tag").to_owned();
        server.client().with("if-none-match", &etag).get(path).await.expect(304);
    }
    assert!(seen.len() > 150, "{}", seen.len());
    for none in ["/pictures/en/wallet.png", "/pictures/fr/pricing.png", "/pictures/en/pricing", "/pictures/en/../x.png"]
    {
        client.get(none).await.expect(404);
    }
}

#[tokio::test]
async fn every_verb_and_every_kind_of_event_has_its_page_and_programs_read_all_of_it() {
    let server = Server::start(Engine::Sqlite).await;
    let client = server.client();
    for verb in sautikit_api::actions::Action::VERBS {
        client.get(&format!("/docs/verbs/{verb}")).await.expect(200);
    }
    for kind in sautikit::webhooks::EventKind::ALL {
        client.get(&format!("/docs/events/{}", kind.as_str())).await.expect(200);
    }
    let all = client.get("/llms-full.txt").await.expect(200);
    assert_eq!(all.header("content-type"), Some("text/plain; charset=utf-8"));
    for part in ["# Voice actions", "# getDigits", "# call.billed", "# Error catalogue"] {
        assert!(all.text.contains(&format!("\n{part}\n")), "{part}");
    }
    // What is measured is there for whoever has the address.
    client.get("/docs/benchmarks/sip").await.expect(200);
    assert!(!client.get("/docs").await.expect(200).text.contains("/docs/benchmarks/"));
}
