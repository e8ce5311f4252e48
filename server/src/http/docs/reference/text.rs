//! The reference as Markdown: the list of groups, and each group for search and for programs.

use app::reference::{Access, Field, Group};
use sautikit_api::ErrorCode;
use serde_json::Value;

use super::{LIST, path, text_of};
use crate::http::docs::{errors, markdown::cell};

/// How a client is made in each language; the examples of all pages go on from there.
const CLIENTS: [(&str, &str, &str); 5] = [
    ("curl", "sh", "export SAUTIKIT_URL=https://voice.example\nexport SAUTIKIT_API_KEY=skt_live_…"),
    (
        "Node.js",
        "js",
        "import { Sautikit } from \"sautikit\";\n\n// Address and key come from SAUTIKIT_BASE_URL and SAUTIKIT_API_KEY.\nconst client = new Sautikit();",
    ),
    (
        "Python",
        "python",
        "from sautikit import Sautikit\n\n# Address and key come from SAUTIKIT_BASE_URL and SAUTIKIT_API_KEY.\nclient = Sautikit()",
    ),
    (
        "Go",
        "go",
        "import \"github.com/sautikit/sautikit-go\"\n\n// Address and key come from SAUTIKIT_BASE_URL and SAUTIKIT_API_KEY.\nclient, err := sautikit.New()",
    ),
    (
        "PHP",
        "php",
        "<?php\nrequire 'vendor/autoload.php';\n\n// Address and key come from SAUTIKIT_BASE_URL and SAUTIKIT_API_KEY.\n$client = new Sautikit\\Client();",
    ),
];

/// `/docs/api`.
pub(super) fn list(document: &Value, groups: &[(&Value, Group)], common: &[ErrorCode]) -> String {
    let mut text = format!(
        "# API reference\n\nEvery request of the API, with what it takes, what it answers and how it is sent from five languages.\n\n\
        {}\n\nPrograms read the same as OpenAPI 3.1: [`/v1/openapi.json`](/v1/openapi.json). What holds for all requests, such as \
        repeating, lists and rates, is told in [Requests and answers](/docs/concepts/requests).\n\n## A client\n\n\
        The examples of all pages go on from here. How the SDKs are installed is on their pages: [Node.js](/docs/concepts/server-sdk-node), \
        [Python](/docs/concepts/server-sdk-python), [Go](/docs/concepts/server-sdk-go), [PHP](/docs/concepts/server-sdk-php).\n",
        text_of(&document["info"], "description"),
    );
    for (at, (language, fence, code)) in CLIENTS.iter().enumerate() {
        let open = if at == 0 { " open" } else { "" };
        text += &format!(
            "\n<details name=\"client\"{open}><summary>{language}</summary>\n\n```{fence}\n{code}\n```\n\n</details>\n"
        );
    }
    text += "\n## Groups\n";
    for (tag, group) in groups {
        let href = path(text_of(tag, "name"));
        text += &format!(
            "\n### [{}]({href})\n\n{}\n\n| request | what it does |\n|---|---|\n",
            text_of(tag, "name"),
            text_of(tag, "description")
        );
        for one in &group.operations {
            text += &format!("| [`{} {}`]({href}#{}) | {} |\n", one.method, one.path, one.anchor, cell(&one.title));
        }
    }
    text += "\n## What every request can be refused with\n\nA request's own codes stand with it; with these almost all can be refused.\n\n\
        | code | status | what it says |\n|---|---|---|\n";
    for code in common {
        text += &format!("| [`{code}`]({}/{code}) | {} | {} |\n", errors::LIST, code.status(), code.title());
    }
    text
}

/// A group, below its head.
pub(super) fn group(head: &str, group: &Group) -> String {
    let mut text = head.to_owned();
    for one in &group.operations {
        text += &format!(
            "\n## {}\n\n```http\n{} {}\n```\n\n{}\n\n{}\n",
            one.title,
            one.method,
            one.path,
            one.about,
            access(&one.access)
        );
        if !one.parameters.is_empty() {
            text += "\nParameters:\n\n";
            text += &fields(&one.parameters, 0);
        }
        if !one.body.is_empty() {
            text += "\nBody:\n\n";
            text += &fields(&one.body, 0);
        }
        for answer in &one.answers {
            let gives = if answer.gives.is_empty() { String::new() } else { format!(" ({})", answer.gives) };
            text += &format!("\nAnswers {}{gives}: {}\n", answer.status, answer.about);
        }
        if !one.refusals.is_empty() {
            let codes: Vec<String> =
                one.refusals.iter().map(|(code, ..)| format!("[`{code}`]({}/{code})", errors::LIST)).collect();
            text += &format!(
                "\nRefused with {}, and [what every request can be refused with]({LIST}).\n",
                codes.join(", ")
            );
        }
        if let Some((_, curl)) = one.examples.first() {
            text += &format!("\n```sh\n{curl}\n```\n");
        }
    }
    for object in &group.objects {
        text += &format!("\n## {}\n\n{}\n\n{}", object.name, object.about, fields(&object.members, 0));
    }
    text
}

/// A list, with members of members below them.
fn fields(all: &[Field], depth: usize) -> String {
    let mut text = String::new();
    for field in all {
        let required = if field.required { ", required" } else { "" };
        let place = if field.place.is_empty() { String::new() } else { format!(", in the {}", field.place) };
        let line = format!("- `{}` ({}{place}{required}): {}", field.name, field.takes, cell(&field.about));
        text += &format!("{}{line}\n", "  ".repeat(depth));
        text += &fields(&field.members, depth + 1);
    }
    text
}

fn access(access: &Access) -> String {
    match access {
        Access::Scope(scope) => format!("Takes an API key with the scope `{scope}`, or a session."),
        Access::Key => "Takes any API key, or a session.".to_owned(),
        Access::Session => "Takes the session of a person who is signed in, and no API key.".to_owned(),
        Access::Operator => "Takes the session of an operator of this installation.".to_owned(),
        Access::Open => "Takes no credential.".to_owned(),
    }
}
