//! What the API's description says of texts that several bodies hold. The server checks them; these types only describe.

use utoipa::ToSchema;

/// A name that people read: not blank, no control characters.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 120,
    pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$"
)]
pub struct Name(pub String);

/// An e-mail address.
#[derive(ToSchema)]
#[schema(max_length = 254, format = Email)]
pub struct Email(pub String);

/// A path of a page of this server, with its query (`return_to`).
#[derive(ToSchema)]
#[schema(max_length = 512, pattern = "^/[!-~]*$")]
pub struct PagePath(pub String);

/// ISO 3166-1 alpha-2.
#[derive(ToSchema)]
#[schema(pattern = "^[A-Z]{2}$")]
pub struct Country(pub String);
