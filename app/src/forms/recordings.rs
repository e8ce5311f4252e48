//! Deleting recordings, switching the storage tier, and a bucket of one's own.

use super::{DELETE_RECORDING, Fields, Next, REMOVE_BUCKET, SET_BUCKET, SWITCH_TIER, is_confirmed};
use crate::api_client::{Api, escape};
use sautikit_api::storage::{PutBucket, SwitchTier};

const PAGE: &str = "/recordings";
const STORAGE: &str = "/recordings/storage";

pub(super) async fn delete(id: &str, fields: &Fields, api: &Api) -> Next {
    if !is_confirmed(fields) {
        return Next::mistyped(PAGE);
    }
    match api.delete(format!("/v1/recordings/{}", escape(id))).await {
        Ok(_) => Next::redirect(format!("{PAGE}?done=deleted")),
        Err(failure) => Next::failed(DELETE_RECORDING, PAGE, failure, fields),
    }
}

pub(super) async fn switch_tier(fields: &Fields, api: &Api) -> Next {
    match api.put("/v1/storage/tier", &SwitchTier { tier: fields.text("tier") }).await {
        Ok(_) => Next::redirect(format!("{STORAGE}?done=switched")),
        Err(failure) => Next::failed(SWITCH_TIER, STORAGE, failure, fields),
    }
}

pub(super) async fn set_bucket(fields: &Fields, api: &Api) -> Next {
    let given = |name| Some(fields.text(name)).filter(|text| !text.is_empty());
    let body = PutBucket {
        endpoint: fields.text("endpoint"),
        region: given("region"),
        bucket: fields.text("bucket"),
        prefix: given("prefix"),
        access_key_id: fields.text("access_key_id"),
        secret_access_key: fields.text("secret_access_key"),
    };
    match api.put("/v1/storage/bucket", &body).await {
        Ok(_) => Next::redirect(format!("{STORAGE}?done=bucket_set")),
        Err(failure) => Next::failed(SET_BUCKET, STORAGE, failure, fields),
    }
}

pub(super) async fn remove_bucket(fields: &Fields, api: &Api) -> Next {
    match api.delete("/v1/storage/bucket").await {
        Ok(_) => Next::redirect(format!("{STORAGE}?done=bucket_removed")),
        Err(failure) => Next::failed(REMOVE_BUCKET, STORAGE, failure, fields),
    }
}
