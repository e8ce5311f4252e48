//! Opening, entering, changing and deleting workspaces.

use super::{CREATE_WORKSPACE, DELETE_WORKSPACE, ENTER_WORKSPACE, Fields, Next, UPDATE_WORKSPACE};
use crate::api_client::Api;
use sautikit_api::accounts::{CreateWorkspace, DeleteWorkspace, UpdateWorkspace, Workspace};

const SETTINGS: &str = "/workspace/settings";

/// The session works in the chosen workspace from now on.
pub(super) async fn enter(fields: &Fields, api: &Api) -> Next {
    match api.enter_workspace(&fields.text("id")).await {
        Ok(_) => Next::redirect("/home"),
        Err(failure) => Next::failed(ENTER_WORKSPACE, "/home", failure, fields),
    }
}

/// Leads into the new workspace.
pub(super) async fn create(fields: &Fields, api: &Api) -> Next {
    let body = CreateWorkspace {
        name: fields.text("name"),
        country: fields.text("country"),
        currency: fields.text("currency"),
    };
    let created = match api.post_once("/v1/workspaces", &body, &fields.text("form_token")).await {
        Ok(answer) => answer.read::<Workspace>(),
        Err(failure) => Err(failure),
    };
    let entered = match created {
        Ok(workspace) => api.enter_workspace(&workspace.id.to_string()).await,
        Err(failure) => Err(failure),
    };
    match entered {
        Ok(_) => Next::redirect("/home"),
        Err(failure) => Next::failed(CREATE_WORKSPACE, "/workspaces/new", failure, fields),
    }
}

pub(super) async fn update(fields: &Fields, api: &Api) -> Next {
    let (name, country) = (Some(fields.text("name")), Some(fields.text("country")));
    let body = UpdateWorkspace { name, country, ..UpdateWorkspace::default() };
    match api.patch("/v1/workspace", &body).await {
        Ok(_) => Next::redirect(format!("{SETTINGS}?done=saved")),
        Err(failure) => Next::failed(UPDATE_WORKSPACE, SETTINGS, failure, fields),
    }
}

/// The API compares the typed name itself. Home then shows another workspace, or the way to make one.
pub(super) async fn delete(fields: &Fields, api: &Api) -> Next {
    let body = DeleteWorkspace { confirm_name: fields.text("confirm_name") };
    match api.delete_confirmed("/v1/workspace", &body).await {
        Ok(_) => Next::redirect("/home"),
        Err(failure) => Next::failed(DELETE_WORKSPACE, SETTINGS, failure, fields),
    }
}
