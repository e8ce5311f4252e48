//! Decoding of single packets to 8 kHz, or to 16 kHz where the codec carries that, and what to play for lost ones.

use crate::{
    codec::{Codec, CodecError, Rate},
    g711::Law,
    plc::Concealer,
};

/// A G.711 or G.722 packet longer than this is cut: 120 ms, the longest packet that Opus knows too.
const MAX_PACKET_SAMPLES: usize = 960;

/// Decodes one incoming direction.
#[derive(Debug)]
pub struct Decoder(Inner);

#[derive(Debug)]
enum Inner {
    G711(Law, Box<Concealer>),
    #[cfg(feature = "g722")]
    G722(Box<crate::g722::Decoder>, Box<Concealer>, Rate),
    #[cfg(not(feature = "g722"))]
    G722,
    #[cfg(feature = "opus")]
    Opus(Rate, Option<crate::opus::Decoder>),
    #[cfg(not(feature = "opus"))]
    Opus,
}

impl Decoder {
    /// A decoder to 8 kHz that opens libopus only when the first packet needs it.
    pub fn new(codec: Codec) -> Self {
        Self::at(codec, Rate::Narrow)
    }

    /// The same to a rate; G.711 knows 8 kHz only, whatever is asked.
    pub fn at(codec: Codec, rate: Rate) -> Self {
        Self(match codec.law() {
            Some(law) => Inner::G711(law, Box::default()),
            #[cfg(feature = "g722")]
            None if codec == Codec::G722 => {
                Inner::G722(Box::new(crate::g722::Decoder::at(rate)), Box::new(Concealer::at(rate)), rate)
            }
            #[cfg(not(feature = "g722"))]
            None if codec == Codec::G722 => Inner::G722,
            #[cfg(feature = "opus")]
            None => Inner::Opus(rate, None),
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
            #[cfg(feature = "g722")]
            Inner::G722(decoder, concealer, _) => {
                let start = out.len();
                decoder.decode(payload.get(..MAX_PACKET_SAMPLES).unwrap_or(payload), out);
                concealer.heard(out.get_mut(start..).unwrap_or_default());
                Ok(())
            }
            #[cfg(not(feature = "g722"))]
            Inner::G722 => Err(CodecError::Unsupported),
            #[cfg(feature = "opus")]
            Inner::Opus(rate, decoder) => open(*rate, decoder)?.decode(payload, out),
            #[cfg(not(feature = "opus"))]
            Inner::Opus => Err(CodecError::Unsupported),
        }
    }

    /// Appends 20 ms in place of a lost packet. `following` is the packet after it, from whose
    /// redundancy Opus may restore the lost one.
    pub fn conceal(&mut self, following: Option<&[u8]>, out: &mut Vec<i16>) -> Result<(), CodecError> {
        match &mut self.0 {
            Inner::G711(_, concealer) => {
                conceal_by(concealer, Rate::Narrow, out);
                Ok(())
            }
            #[cfg(feature = "g722")]
            Inner::G722(_, concealer, rate) => {
                conceal_by(concealer, *rate, out);
                Ok(())
            }
            #[cfg(not(feature = "g722"))]
            Inner::G722 => Err(CodecError::Unsupported),
            #[cfg(feature = "opus")]
            Inner::Opus(rate, decoder) => open(*rate, decoder)?.conceal(following, out),
            #[cfg(not(feature = "opus"))]
            Inner::Opus => {
                let _ = following;
                Err(CodecError::Unsupported)
            }
        }
    }
}

fn conceal_by(concealer: &mut Concealer, rate: Rate, out: &mut Vec<i16>) {
    let start = out.len();
    out.resize(start + rate.frame_len(), 0);
    concealer.conceal(out.get_mut(start..).unwrap_or_default());
}

#[cfg(feature = "opus")]
fn open(rate: Rate, decoder: &mut Option<crate::opus::Decoder>) -> Result<&mut crate::opus::Decoder, CodecError> {
    if decoder.is_none() {
        *decoder = Some(crate::opus::Decoder::new(rate)?);
    }
    decoder.as_mut().ok_or(CodecError::Opus)
}
