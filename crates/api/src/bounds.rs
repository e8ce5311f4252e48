//! What the API's description says of texts that several bodies hold. The server checks them; these types only describe.

use utoipa::ToSchema;

/// A name that people read: one line, not blank, nothing that turns the direction of what follows.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 120,
    pattern = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\s][^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"
)]
pub struct Name(pub String);

/// A label that people read: one line, not blank, nothing that turns the direction of what follows.
#[derive(ToSchema)]
#[schema(
    min_length = 1,
    max_length = 80,
    pattern = r"^[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*[^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2060-\u206f\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff9-\ufffb\s][^\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]*$"
)]
pub struct Label(pub String);

/// An e-mail address.
#[derive(ToSchema)]
#[schema(max_length = 254, format = Email)]
pub struct Email(pub String);

/// A path of a page of this server, with its query (`return_to`).
#[derive(ToSchema)]
#[schema(max_length = 512, pattern = "^/[!-~]*$")]
pub struct PagePath(pub String);

/// A list of voice actions; [`crate::actions::schemas`] takes this place.
#[derive(ToSchema)]
pub struct VoiceActions(pub Vec<serde_json::Value>);

/// ISO 3166-1 alpha-2.
#[derive(ToSchema)]
#[schema(pattern = "^[A-Z]{2}$")]
pub struct Country(pub String);

/// ISO 3166-1 alpha-2, or `*` for every country.
#[derive(ToSchema)]
#[schema(pattern = "^([A-Z]{2}|[*])$")]
pub struct CountryOrAll(pub String);

/// A calendar month.
#[derive(ToSchema)]
#[schema(pattern = "^20[0-9]{2}-(0[1-9]|1[0-2])$")]
pub struct Month(pub String);
