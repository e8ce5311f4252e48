//! Parameters that many endpoints take, as the document shows them.

#![expect(dead_code, reason = "described here, read by `Page` and the idempotency layer")]

use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{AnyOfBuilder, KnownFormat, ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::{IntoParams, PartialSchema, ToSchema};

/// Of every list; read by [`crate::web::page::Page`].
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub struct Paged {
    /// Rows of one page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    limit: Option<i64>,
    /// `X-Next-Cursor` of the page before; opaque.
    #[param(pattern = "^[0-9a-f]{64}$")]
    cursor: Option<String>,
}

/// Of every POST that creates or moves money; read by [`crate::web::idempotency::Request`].
#[derive(IntoParams)]
#[into_params(parameter_in = Header)]
pub struct Idempotent {
    /// Makes repeating the request safe for 24 hours: the same request gets the stored answer, another is refused.
    #[param(
        rename = "Idempotency-Key",
        value_type = String,
        required = false,
        min_length = 1,
        max_length = 255,
        pattern = "^[\\x21-\\x7e]+$",
        example = "5f2c1a70-8d0e-4c8e-9a52-1f9a4f6f0b11"
    )]
    idempotency_key: Option<String>,
}

/// A day, a moment, or nothing; read by [`crate::web::moment::read_moment`].
pub struct Moment;

impl PartialSchema for Moment {
    fn schema() -> RefOr<Schema> {
        let text = || ObjectBuilder::new().schema_type(Type::String);
        let of = |format| text().format(Some(SchemaFormat::KnownFormat(format)));
        let nothing = text().max_length(Some(0));
        let what = "A day (2026-06-30) or a moment (2026-06-30T12:00:00Z); empty like absent.";
        let any = AnyOfBuilder::new().item(of(KnownFormat::Date)).item(of(KnownFormat::DateTime)).item(nothing);
        RefOr::T(any.description(Some(what)).into())
    }
}

impl ToSchema for Moment {}
