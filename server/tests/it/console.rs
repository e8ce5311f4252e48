//! The gates before the console: whoever is sent to one comes back to the page that they wanted.

use std::time::Duration;

use serde_json::json;

use crate::support::{Answer, Client, Server, on_each_engine};

on_each_engine! {
    a_page_asked_for_signed_out_is_shown_after_signing_in
    onboarding_leads_on_to_the_page_asked_for
    an_invitation_is_answered_after_signing_in_without_onboarding
    another_addressee_is_told_to_sign_in_as_the_invited
    an_operator_without_a_workspace_lands_on_the_operators_pages
    a_language_is_chosen_without_losing_the_page
    only_the_mailed_links_page_may_have_an_opaque_origin
    a_link_signs_in_where_it_was_asked_for_and_elsewhere_with_its_code
    a_form_acts_in_the_workspace_that_its_page_showed
    a_claimed_key_excuses_no_form
}

/// A browser, which follows no redirects and says which origin its forms come from.
fn browser(client: &Client) -> Client {
    client.with("accept", "text/html").with("origin", "http://127.0.0.1:4000").with("sec-fetch-site", "same-origin")
}

async fn post(client: &Client, path: &str, form: &[(&str, &str)]) -> Answer {
    let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    client.send("POST", path, Some("application/x-www-form-urlencoded"), &body).await
}

fn location(answer: &Answer) -> &str {
    answer.header("location").unwrap_or_default()
}

/// Signs in by the forms of the console; where that leads, and the browser signed in.
async fn signed_in_by_form(server: &Server, email: &str, return_to: &str) -> (String, Client) {
    let stranger = browser(&server.client());
    let asked = post(&stranger, "/console/signin", &[("email", email), ("return_to", return_to)]).await.expect(200);
    let stranger = stranger.with("cookie", &format!("sk_link={}", asked.cookie("sk_link")));
    let answer = post(&stranger, "/console/verify", &[("token", &server.token_of_last_mail())]).await.expect(303);
    (location(&answer).to_owned(), stranger.with_cookie(answer.cookie("sk_session")))
}

async fn a_page_asked_for_signed_out_is_shown_after_signing_in(server: Server) {
    server.onboarded("a@example.com").await;
    let gate = browser(&server.client()).get("/calls?status=failed&remote=%2B254").await.expect(303);
    assert_eq!(location(&gate), "/signin?return_to=%2Fcalls%3Fstatus%3Dfailed%26remote%3D%252B254");
    let form = browser(&server.client()).get(location(&gate)).await.expect(200);
    assert!(form.text.contains("value=\"/calls?status=failed&amp;remote=%2B254\""), "{}", form.text);
    let (to, person) = signed_in_by_form(&server, "a@example.com", "/calls?status=failed").await;
    assert_eq!(to, "/calls?status=failed");
    person.get(&to).await.expect(200);
    // What the query of the gate says is not believed.
    let forged = browser(&server.client()).get("/signin?return_to=%2F%2Fevil.example").await.expect(200);
    assert!(!forged.text.contains("value=\"//evil.example\""));
    assert_eq!(location(&browser(&server.client()).get("/home").await), "/signin");
}

async fn onboarding_leads_on_to_the_page_asked_for(server: Server) {
    let (to, person) = signed_in_by_form(&server, "new@example.com", "/numbers").await;
    let gate = person.get(&to).await.expect(303);
    assert_eq!(location(&gate), "/onboarding?return_to=%2Fnumbers");
    let form = person.get(location(&gate)).await.expect(200);
    assert!(form.text.contains("value=\"/numbers\"") && form.text.contains("new@example.com"), "{}", form.text);
    let fields = [("name", "Asha"), ("workspace_name", "Duka"), ("country", "KE"), ("currency", "KES")];
    let wrong = [&fields[..3], &[("currency", "XXX"), ("return_to", "/numbers"), ("form_token", "1")]].concat();
    let again = post(&person, "/console/onboarding", &wrong).await.expect(400);
    assert!(again.text.contains("value=\"/numbers\""), "{}", again.text);
    let right = [&fields[..], &[("return_to", "/numbers"), ("form_token", "2")]].concat();
    let made = post(&person, "/console/onboarding", &right).await.expect(303);
    assert_eq!(location(&made), "/numbers");
}

async fn an_invitation_is_answered_after_signing_in_without_onboarding(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    let body = json!({ "email": "dev@example.com", "role": "developer" });
    owner.post("/v1/workspace/invitations", body).await.expect(201);
    let page = format!("/invitation?token={}", server.token_of_last_mail());
    let stranger = browser(&server.client()).get(&page).await.expect(401);
    assert!(stranger.text.contains("value=\"dev@example.com\""), "{}", stranger.text);
    assert!(stranger.text.contains(&format!("name=\"return_to\" value=\"{page}\"")), "{}", stranger.text);
    let (to, dev) = signed_in_by_form(&server, "dev@example.com", &page).await;
    assert_eq!(to, page);
    assert!(dev.get(&to).await.expect(200).text.contains("value=\"accept\""));
}

async fn another_addressee_is_told_to_sign_in_as_the_invited(server: Server) {
    let owner = server.onboarded("owner@example.com").await;
    owner.post("/v1/workspace/invitations", json!({ "email": "dev@example.com", "role": "viewer" })).await.expect(201);
    let page = format!("/invitation?token={}", server.token_of_last_mail());
    let other = browser(&server.signed_in("other@example.com").await).get(&page).await.expect(403);
    assert!(
        other.text.contains("It was sent to another address than yours")
            && other.text.contains("Signed in as other@example.com")
    );
    let unknown = browser(&server.client()).get("/invitation?token=nonsense").await.expect(401);
    assert!(unknown.text.contains("This invitation is not open"), "{}", unknown.text);
}

async fn an_operator_without_a_workspace_lands_on_the_operators_pages(server: Server) {
    server.onboarded("tenant@example.com").await;
    server.signed_in("operator@example.com").await;
    assert!(sautikit::accounts::grant_operator(&server.app, "operator@example.com").await.unwrap());
    let (to, operator) = signed_in_by_form(&server, "operator@example.com", "").await;
    let home = operator.get(&to).await.expect(303);
    assert_eq!(location(&home), "/operator/workspaces");
    let page = operator.get(location(&home)).await.expect(200);
    assert!(page.text.contains("Duka") && page.text.contains("href=\"/onboarding\""), "{}", page.text);
    assert!(!page.text.contains("href=\"/wallet\""));
    operator.get("/profile").await.expect(200);
    operator.get("/onboarding").await.expect(200);
    // The next day the API asks operators to sign in again; the page says where.
    server.clock.advance(Duration::from_secs(13 * 3_600));
    let stale = operator.get("/operator/workspaces").await.expect(403);
    assert!(stale.text.contains("href=\"/signin?return_to=%2Foperator%2Fworkspaces\""), "{}", stale.text);
}

async fn a_language_is_chosen_without_losing_the_page(server: Server) {
    let stranger = browser(&server.client());
    let page = stranger.get("/auth/verify?token=s3cret").await.expect(200);
    assert!(page.text.contains("name=\"return_to\" value=\"/auth/verify?token=s3cret\""), "{}", page.text);
    for (wanted, to) in [("/auth/verify?token=s3cret", "/auth/verify?token=s3cret"), ("//evil.example", "/")] {
        let chosen = post(&stranger, "/console/language", &[("lang", "sw"), ("return_to", wanted)]).await.expect(303);
        assert_eq!(location(&chosen), to);
    }
}

async fn only_the_mailed_links_page_may_have_an_opaque_origin(server: Server) {
    let page = browser(&server.client()).get("/auth/verify?token=x").await.expect(200);
    assert_eq!(page.header("referrer-policy"), Some("no-referrer"));
    let asked = server.client().post("/v1/auth/magic-link", json!({ "email": "a@example.com" })).await.expect(202);
    let cookie = format!("sk_link={}", asked.cookie("sk_link"));
    let opaque = server.client().with("origin", "null").with("cookie", &cookie);
    let token = server.token_of_last_mail();
    let form = [("token", token.as_str()), ("email", "a@example.com"), ("lang", "sw")];
    for site in ["cross-site", "same-site", "none"] {
        let foreign = opaque.with("sec-fetch-site", site);
        post(&foreign, "/console/verify", &form).await.expect_error("auth.origin_denied");
    }
    post(&opaque, "/console/verify", &form).await.expect_error("auth.origin_denied");
    let ours = opaque.with("sec-fetch-site", "same-origin");
    for other in ["/console/signin", "/console/signout", "/console/onboarding"] {
        post(&ours, other, &form).await.expect_error("auth.origin_denied");
    }
    let api = ours.post("/v1/auth/magic-link/verify", json!({ "token": token })).await;
    api.expect_error("auth.origin_denied");
    post(&ours, "/console/language", &form).await.expect(303);
    post(&ours, "/console/verify", &form).await.expect(303);
}

async fn a_link_signs_in_where_it_was_asked_for_and_elsewhere_with_its_code(server: Server) {
    let here = browser(&server.client());
    let asked = post(&here, "/console/signin", &[("email", "a@example.com")]).await.expect(200);
    let here = here.with("cookie", &format!("sk_link={}", asked.cookie("sk_link")));
    let token = server.token_of_last_mail();
    let code =
        server.text_of_last_mail().lines().find_map(|line| Some(line.rsplit_once("code: ")?.1.to_owned())).unwrap();
    let page = format!("/auth/verify?token={token}");
    assert!(!here.get(&page).await.expect(200).text.contains("name=\"code\""));
    // A program that scans mail presses the button, with whatever it finds to type.
    let elsewhere = browser(&server.client());
    assert!(elsewhere.get(&page).await.expect(200).text.contains("name=\"code\""));
    for typed in ["", "x", "AAAA-AAAA", &token] {
        let refused = post(&elsewhere, "/console/verify", &[("token", &token), ("code", typed)]).await.expect(403);
        assert!(refused.text.contains("name=\"code\"") && !refused.sets("sk_session"), "{typed}");
    }
    let other = browser(&server.client()).with("cookie", "sk_link=00000000000000000000000000000000");
    post(&other, "/console/verify", &[("token", &token)]).await.expect(403);
    // Nothing of it has spent the link. The code may be typed in any hand.
    let typed = code.to_lowercase().replace('-', " ");
    post(&elsewhere, "/console/verify", &[("token", &token), ("code", &typed)]).await.expect(303);
    // Of several links, each is known by the browser that asked.
    let first = post(&browser(&server.client()), "/console/signin", &[("email", "b@example.com")]).await.expect(200);
    let token = server.token_of_last_mail();
    let marks = format!("sk_link={}", first.cookie("sk_link"));
    let again = browser(&server.client()).with("cookie", &marks);
    let second = post(&again, "/console/signin", &[("email", "b@example.com")]).await.expect(200);
    let marks = format!("sk_link={}", second.cookie("sk_link"));
    post(&browser(&server.client()).with("cookie", &marks), "/console/verify", &[("token", &token)]).await.expect(303);
}

async fn a_form_acts_in_the_workspace_that_its_page_showed(server: Server) {
    let owner = browser(&server.onboarded("a@example.com").await);
    let first = owner.get("/v1/workspace").await.expect(200).json["id"].as_str().unwrap().to_owned();
    let other = json!({ "name": "Other", "country": "KE", "currency": "KES" });
    let other = owner.post("/v1/workspaces", other).await.expect(201).json["id"].as_str().unwrap().to_owned();
    // This tab shows the first; another tab enters the other.
    for page in ["/wallet", "/workspace/settings", "/workspace/members", "/developers/keys", "/numbers"] {
        owner.with("x-sautikit-workspace", &first).get("/v1/workspace").await.expect(200);
        let shown = owner.get(page).await.expect(200).text;
        let forms: Vec<&str> = shown
            .split("<form")
            .skip(1)
            .filter(|form| form.contains("/console/") && form.contains("method=\"post\""))
            .collect();
        for form in forms {
            let form = form.split("</form>").next().unwrap();
            let of_person = ["/console/language", "/console/signout", "/console/workspaces/enter"]
                .iter()
                .any(|one| form.contains(one));
            assert!(of_person || form.contains(&format!("name=\"workspace\" value=\"{first}\"")), "{page}: {form}");
        }
    }
    owner.with("x-sautikit-workspace", &other).get("/v1/workspace").await.expect(200);
    let form = [("workspace", first.as_str()), ("name", "Renamed"), ("country", "KE")];
    post(&owner, "/console/workspace", &form).await.expect(303);
    let name = |answer: serde_json::Value| answer["name"].as_str().unwrap_or_default().to_owned();
    assert_eq!(name(owner.with("x-sautikit-workspace", &other).get("/v1/workspace").await.expect(200).json), "Other");
    assert_eq!(name(owner.with("x-sautikit-workspace", &first).get("/v1/workspace").await.expect(200).json), "Renamed");
    // Somebody else's is refused, and what another tab chose stays as it was.
    let stranger = server.onboarded("b@example.com").await;
    let foreign = stranger.get("/v1/workspace").await.expect(200).json["id"].as_str().unwrap().to_owned();
    let form = [("workspace", foreign.as_str()), ("name", "Taken"), ("country", "KE")];
    post(&owner, "/console/workspace", &form).await.expect(403);
    assert_ne!(name(stranger.get("/v1/workspace").await.expect(200).json), "Taken");
}

async fn a_claimed_key_excuses_no_form(server: Server) {
    let owner = server.onboarded("a@example.com").await;
    let foreign = owner.with("origin", "https://evil.example").with("authorization", "Bearer x");
    for path in ["/console/workspace", "/console/signout", "/console/wallet/top-ups", "/console/verify"] {
        post(&foreign, path, &[("name", "Taken")]).await.expect_error("auth.origin_denied");
    }
}
