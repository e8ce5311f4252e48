//! Buckets of S3 and of everything that speaks it: path style, so that no name of a bucket has to resolve.
//!
//! Requests go through the client that is given: for customers' buckets that is the hardened one, which connects to public
//! addresses only.

use std::fmt;
use std::ops::Range;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    BehaviorVersion, Credentials, Region, RequestChecksumCalculation, ResponseChecksumValidation,
    SharedCredentialsProvider,
};
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorFuture, SharedHttpConnector, http_client_fn};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;

use super::Bucket;
use super::objects::{ObjectStore, Source, StoreError};

/// Bytes of a part of an upload: at least the 5 MiB that S3 asks for. What is shorter goes in one request.
const UPLOAD_PART_BYTES: u64 = 8 * 1024 * 1024;
/// A request for a part may take this long.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// The largest answer that is read: a part of an object and some.
const MAX_ANSWER_BYTES: usize = 16 * 1024 * 1024;

/// One bucket.
pub(super) struct S3 {
    client: Client,
    bucket: String,
    prefix: String,
}

impl S3 {
    /// The bucket, reached through this client.
    pub(super) fn new(bucket: &Bucket, http: reqwest::Client) -> Self {
        let connector = SharedHttpConnector::new(Through(http));
        let credentials = Credentials::new(&bucket.access_key_id, &bucket.secret_access_key, None, None, "sautikit");
        let config = aws_sdk_s3::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .endpoint_url(&bucket.endpoint)
            .region(Region::new(bucket.region.clone()))
            .credentials_provider(SharedCredentialsProvider::new(credentials))
            .force_path_style(true)
            // What Amazon checks beside the signature is not known to every service.
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired)
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Self { client: Client::from_conf(config), bucket: bucket.name.clone(), prefix: bucket.prefix.clone() }
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.prefix)
    }

    async fn put_in_parts(&self, key: &str, source: &dyn Source) -> Result<(), StoreError> {
        let begun =
            self.client.create_multipart_upload().bucket(&self.bucket).key(key).content_type(CONTENT_TYPE).send();
        let begun = begun.await.map_err(failed)?;
        let upload = begun.upload_id().unwrap_or_default().to_owned();
        let uploaded = self.upload_parts(key, &upload, source).await;
        let done = match uploaded {
            Ok(parts) => {
                let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
                let complete = self.client.complete_multipart_upload().bucket(&self.bucket).key(key).upload_id(&upload);
                complete.multipart_upload(parts).send().await.map(drop).map_err(failed)
            }
            Err(error) => Err(error),
        };
        if done.is_err() {
            // Parts of an upload that is never completed are paid for.
            let abort = self.client.abort_multipart_upload().bucket(&self.bucket).key(key).upload_id(&upload);
            let _ = abort.send().await;
        }
        done
    }

    async fn upload_parts(
        &self,
        key: &str,
        upload: &str,
        source: &dyn Source,
    ) -> Result<Vec<CompletedPart>, StoreError> {
        let mut parts = Vec::new();
        let mut start = 0;
        while start < source.bytes() {
            let end = (start + UPLOAD_PART_BYTES).min(source.bytes());
            let number = i32::try_from(parts.len() + 1).unwrap_or(i32::MAX);
            let body = ByteStream::from(source.read(start..end).await?);
            let request = self.client.upload_part().bucket(&self.bucket).key(key).upload_id(upload);
            let part = request.part_number(number).body(body).send().await.map_err(failed)?;
            let tag = part.e_tag().unwrap_or_default();
            parts.push(CompletedPart::builder().part_number(number).e_tag(tag).build());
            start = end;
        }
        Ok(parts)
    }
}

/// What everything that is put here is.
const CONTENT_TYPE: &str = "audio/wav";

#[async_trait]
impl ObjectStore for S3 {
    async fn put(&self, key: &str, source: &dyn Source) -> Result<(), StoreError> {
        let key = self.key(key);
        if source.bytes() > UPLOAD_PART_BYTES {
            return self.put_in_parts(&key, source).await;
        }
        let body = ByteStream::from(source.read(0..source.bytes()).await?);
        let request = self.client.put_object().bucket(&self.bucket).key(key).content_type(CONTENT_TYPE).body(body);
        request.send().await.map(drop).map_err(failed)
    }

    async fn read(&self, key: &str, range: Range<u64>) -> Result<Vec<u8>, StoreError> {
        if range.is_empty() {
            return Ok(Vec::new());
        }
        let bytes = format!("bytes={}-{}", range.start, range.end - 1);
        let request = self.client.get_object().bucket(&self.bucket).key(self.key(key)).range(bytes);
        let answer = request.send().await.map_err(failed)?;
        let body = answer.body.collect().await.map_err(|error| StoreError::Failed(error.to_string()))?;
        Ok(body.to_vec())
    }

    async fn delete(&self, key: &str) -> Result<(), StoreError> {
        let request = self.client.delete_object().bucket(&self.bucket).key(self.key(key));
        match request.send().await.map(drop).map_err(failed) {
            Err(StoreError::Gone) => Ok(()),
            done => done,
        }
    }

    async fn presigned(&self, key: &str, lasts: Duration) -> Result<Option<String>, StoreError> {
        let config = PresigningConfig::expires_in(lasts).map_err(|error| StoreError::Failed(error.to_string()))?;
        let request = self.client.get_object().bucket(&self.bucket).key(self.key(key));
        let signed = request.presigned(config).await.map_err(failed)?;
        Ok(Some(signed.uri().to_owned()))
    }
}

/// A reason stands in rows, events and logs.
const MAX_REASON_CHARS: usize = 300;

fn failed<E>(error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let why = match (error.as_service_error().and_then(ProvideErrorMetadata::code), error.raw_response()) {
        (Some("NoSuchKey" | "NotFound"), _) => return StoreError::Gone,
        (Some(code), _) => format!("the bucket answered {code}"),
        (None, Some(answer)) => format!("the bucket answered {}", answer.status()),
        (None, None) => format!("the bucket was not reached: {}", causes(&error)),
    };
    StoreError::Failed(why.chars().filter(|letter| !letter.is_control()).take(MAX_REASON_CHARS).collect())
}

/// What went wrong, from the outside in. Nothing that the other side sent: that can be of any size.
fn causes(error: &dyn std::error::Error) -> String {
    let mut all = vec![error.to_string()];
    let mut next = error.source();
    while let Some(cause) = next {
        all.push(cause.to_string());
        next = cause.source();
    }
    all.join(": ")
}

/// Sends requests of the SDK by reqwest.
struct Through(reqwest::Client);

impl fmt::Debug for Through {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Through")
    }
}

impl HttpConnector for Through {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let client = self.0.clone();
        HttpConnectorFuture::new(async move { send(&client, request).await })
    }
}

async fn send(client: &reqwest::Client, request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
    let user = |error: Box<dyn std::error::Error + Send + Sync>| ConnectorError::user(error);
    let request = request.try_into_http1x().map_err(|error| user(error.into()))?;
    let (head, body) = request.into_parts();
    // All bodies that are given to the SDK here are whole.
    let body = body.bytes().map(<[u8]>::to_vec).ok_or_else(|| user("a body that is not whole".into()))?;
    let mut request =
        reqwest::Request::try_from(http::Request::from_parts(head, body)).map_err(|error| user(error.into()))?;
    *request.timeout_mut() = Some(REQUEST_TIMEOUT);
    let mut answer = client.execute(request).await.map_err(|error| match error.is_timeout() {
        true => ConnectorError::timeout(error.into()),
        false => ConnectorError::io(error.into()),
    })?;
    let mut response = http::Response::new(SdkBody::empty());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    let mut bytes = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| ConnectorError::io(error.into()))? {
        if bytes.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(ConnectorError::io("the answer is too large".into()));
        }
        bytes.extend_from_slice(&chunk);
    }
    *response.body_mut() = SdkBody::from(bytes);
    HttpResponse::try_from(response).map_err(|error| user(error.into()))
}
