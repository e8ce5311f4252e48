//! The receipt of an erasure: what went, signed by this server (Ed25519, RFC 8032), so that who asked for it can show it and
//! anybody can check it. It holds no number: a keyed hash says whose it was to whoever has both the server and the number.
//!
//! What is signed is the member `statement` as compact JSON, its members in the order of the receipt.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, Signer as _, SigningKey, VerifyingKey};
use sautikit_api::ids::WorkspaceId;
use sautikit_api::privacy::{ErasureReceipt, ErasureStatement};

use crate::secrets::{Purpose, Secrets};

/// What signs.
const ALGORITHM: &str = "Ed25519";

/// Why a receipt does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotValid {
    /// Another server's, or of another master key.
    #[error("another server signed it")]
    ForeignKey,
    /// It was changed, or is damaged.
    #[error("the signature does not match the statement")]
    Signature,
    /// It is of another number.
    #[error("it is of another number")]
    Number,
}

/// Signs a statement.
pub(super) fn sign(secrets: &Secrets, statement: ErasureStatement) -> Result<ErasureReceipt, serde_json::Error> {
    let key = key(secrets);
    let signature = key.sign(&serde_json::to_vec(&statement)?);
    Ok(ErasureReceipt {
        statement,
        algorithm: ALGORITHM.to_owned(),
        public_key: STANDARD.encode(key.verifying_key().as_bytes()),
        signature: STANDARD.encode(signature.to_bytes()),
    })
}

/// Whether this server signed the receipt and, where a number is given, that it is of that (E.164).
///
/// # Errors
/// Why it does not hold.
pub fn verify(secrets: &Secrets, receipt: &ErasureReceipt, number: Option<&str>) -> Result<(), NotValid> {
    let own = key(secrets).verifying_key();
    if STANDARD.encode(own.as_bytes()) != receipt.public_key || receipt.algorithm != ALGORITHM {
        return Err(NotValid::ForeignKey);
    }
    check(&own, receipt)?;
    let workspace = receipt.statement.workspace_id;
    match number.map(|number| number_hash(secrets, workspace, number)) {
        Some(hash) if hash != receipt.statement.number_hash => Err(NotValid::Number),
        _ => Ok(()),
    }
}

fn check(key: &VerifyingKey, receipt: &ErasureReceipt) -> Result<(), NotValid> {
    let signed = serde_json::to_vec(&receipt.statement).map_err(|_| NotValid::Signature)?;
    let signature = STANDARD.decode(&receipt.signature).map_err(|_| NotValid::Signature)?;
    let signature = Signature::from_slice(&signature).map_err(|_| NotValid::Signature)?;
    key.verify_strict(&signed, &signature).map_err(|_| NotValid::Signature)
}

/// Says whose number it was to whoever has this server's key and the number.
pub(super) fn number_hash(secrets: &Secrets, workspace: WorkspaceId, e164: &str) -> String {
    secrets.hash(Purpose::ErasedNumber, &format!("{workspace} {e164}"))
}

fn key(secrets: &Secrets) -> SigningKey {
    SigningKey::from_bytes(&secrets.key(Purpose::ErasureReceipt))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use sautikit_api::ids::ErasureId;
    use uuid::Uuid;

    use super::*;

    const NUMBER: &str = "+254722000042";

    fn signed(secrets: &Secrets) -> ErasureReceipt {
        let workspace_id = WorkspaceId(Uuid::from_u128(7));
        let statement = ErasureStatement {
            id: ErasureId(Uuid::from_u128(1)),
            workspace_id,
            number_hash: number_hash(secrets, workspace_id, NUMBER),
            erased_at: "2026-11-02T08:00:00Z".to_owned(),
            server: "https://voice.example".to_owned(),
            changed: BTreeMap::from([("calls".to_owned(), 2)]),
            recordings: Vec::new(),
        };
        sign(secrets, statement).unwrap()
    }

    #[test]
    fn a_receipt_holds_and_whatever_is_changed_in_it_does_not() {
        let secrets = Secrets::new([7; 32]);
        let receipt = signed(&secrets);
        assert_eq!(verify(&secrets, &receipt, None), Ok(()));
        assert_eq!(verify(&secrets, &receipt, Some(NUMBER)), Ok(()));
        assert_eq!(verify(&secrets, &receipt, Some("+254722000043")), Err(NotValid::Number));
        assert_eq!(verify(&Secrets::new([8; 32]), &receipt, None), Err(NotValid::ForeignKey));
        let mut changed = receipt.clone();
        changed.statement.changed.insert("calls".to_owned(), 3);
        assert_eq!(verify(&secrets, &changed, None), Err(NotValid::Signature));
        // As it is written to a file and read again.
        let read: ErasureReceipt = serde_json::from_str(&serde_json::to_string_pretty(&receipt).unwrap()).unwrap();
        assert_eq!(verify(&secrets, &read, None), Ok(()));
    }

    #[test]
    fn no_number_stands_in_it() {
        let text = serde_json::to_string(&signed(&Secrets::new([7; 32]))).unwrap();
        assert!(!text.contains("722000042"), "{text}");
    }
}
