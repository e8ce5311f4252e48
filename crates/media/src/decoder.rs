//! Decoding of single packets to 8 kHz, and what to play for lost ones.

use crate::{
    codec::{Codec, CodecError, Rate},
    g711::Law,
    plc::Concealer,
};

/// A G.711 packet longer than this is cut: 120 ms, the longest packet that Opus knows too.
const MAX_PACKET_SAMPLES: usize = 960;

/// Decodes one incoming direction.
#[derive(Debug)]
pub struct Decoder(Inner);

#[derive(Debug)]
enum Inner {
    G711(Law, Box<Concealer>),
    #[cfg(feature = "opus")]
    Opus(Option<crate::opus::Decoder>),
    #[cfg(not(feature = "opus"))]
    Opus,
}

impl Decoder {
    /// A decoder that opens libopus only when the first packet needs it.
    pub fn new(codec: Codec) -> Self {
        Self(match codec.law() {
            Some(law) => Inner::G711(law, Box::default()),
            #[cfg(feature = "opus")]
            None => Inner::Opus(None),
            #[cfg(not(feature = "opus"))]
            None => Inner::Opus,
        })
    }

    /// Decodes a packet and appends its samples to `out`.
    pub fn decode(&mut self, payload: &[u8], out: &mut Vec<i16>) -> Result<(), CodecError> {
        match &mut self.0 {
            Inner::G711(law, concealer) => {
                let start = out.len();
                out.extend(payload.iter().take(MAX_PACKET_SAMPLES).map(|byte| law.decode(*byte)));
                concealer.heard(out.get_mut(start..).unwrap_or_default());
                Ok(())
            }
            #[cfg(feature = "opus")]
            Inner::Opus(decoder) => open(decoder)?.decode(payload, out),
            #[cfg(not(feature = "opus"))]
            Inner::Opus => Err(CodecError::Unsupported),
        }
    }

    /// Appends 20 ms in place of a lost packet. `following` is the packet after it, from whose
    /// redundancy Opus may restore the lost one.
    pub fn conceal(&mut self, following: Option<&[u8]>, out: &mut Vec<i16>) -> Result<(), CodecError> {
        match &mut self.0 {
            Inner::G711(_, concealer) => {
                let start = out.len();
                out.resize(start + Rate::Narrow.frame_len(), 0);
                concealer.conceal(out.get_mut(start..).unwrap_or_default());
                Ok(())
            }
            #[cfg(feature = "opus")]
            Inner::Opus(decoder) => open(decoder)?.conceal(following, out),
            #[cfg(not(feature = "opus"))]
            Inner::Opus => {
                let _ = following;
                Err(CodecError::Unsupported)
            }
        }
    }
}

#[cfg(feature = "opus")]
fn open(decoder: &mut Option<crate::opus::Decoder>) -> Result<&mut crate::opus::Decoder, CodecError> {
    if decoder.is_none() {
        *decoder = Some(crate::opus::Decoder::new(Rate::Narrow)?);
    }
    decoder.as_mut().ok_or(CodecError::Opus)
}
