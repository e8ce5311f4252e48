//! Whether somebody is judged to be a person or a machine: an attribute of `dial`, and a member of `POST /v1/calls`.

use serde::{Deserialize, Serialize, Serializer};

use super::{ActionError, attributes::Attributes};

/// How long a machine that answered is listened to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
#[serde(rename_all = "snake_case")]
pub enum MachineDetection {
    /// Until it is clear that it is one.
    Enable,
    /// Until its greeting is over: its beep, or silence.
    DetectMessageEnd,
}

impl MachineDetection {
    /// As they are written in actions.
    pub(super) const NAMES: [&'static str; 2] = ["enable", "detectMessageEnd"];

    pub(super) fn read(attributes: &mut Attributes<'_>) -> Result<Option<Self>, ActionError> {
        const LONGEST: usize = 64;
        let Some(name) = attributes.text("machineDetection", LONGEST)? else { return Ok(None) };
        match name.as_str() {
            "enable" => Ok(Some(Self::Enable)),
            "detectMessageEnd" => Ok(Some(Self::DetectMessageEnd)),
            _ => Err(attributes.error("machineDetection", format!("expected one of {}", Self::NAMES.join(", ")))),
        }
    }

    /// As it is written in actions.
    pub(super) fn serialize_name<S: Serializer>(value: &Option<Self>, to: S) -> Result<S::Ok, S::Error> {
        match value {
            None => to.serialize_none(),
            Some(Self::Enable) => to.serialize_str("enable"),
            Some(Self::DetectMessageEnd) => to.serialize_str("detectMessageEnd"),
        }
    }
}
