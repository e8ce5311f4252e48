//! Tags, branches, Call-IDs: unguessable tokens from the seed that the shell gave.
//!
//! SHA-256 over seed and counter. Deterministic, so that a simulation replays exactly; and one-way, so that a peer
//! who sees any number of tokens cannot foresee the tag or branch of somebody else's call (RFC 3261 §19.3 asks for
//! "cryptographically random with at least 32 bits").

use sha2::{Digest, Sha256};

/// The token source of one user agent.
pub(crate) struct Tokens {
    seed: [u8; 32],
    counter: u64,
    /// Words of the current block not handed out yet.
    block: [u64; 4],
    left: usize,
}

impl Tokens {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self { seed, counter: 0, block: [0; 4], left: 0 }
    }

    /// 64 unpredictable bits.
    pub(crate) fn next(&mut self) -> u64 {
        if self.left == 0 {
            self.refill();
        }
        self.left -= 1;
        self.block[self.left]
    }

    /// A uniform enough number below `bound` (bias below 2⁻³² for the small bounds used here). `bound` > 0.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    /// 16 hexadecimal digits: a dialog tag.
    pub(crate) fn tag(&mut self) -> String {
        format!("{:016x}", self.next())
    }

    /// A tag that is the same for the same text and unforeseeable for others.
    pub(crate) fn tag_of(&self, text: &[u8]) -> String {
        let digest = Sha256::new().chain_update(self.seed).chain_update(text).finalize();
        digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
    }

    /// 32 hexadecimal digits: a Call-ID without the customary host part, which would tell the peer our address.
    pub(crate) fn call_id(&mut self) -> String {
        format!("{:016x}{:016x}", self.next(), self.next())
    }

    fn refill(&mut self) {
        let digest = Sha256::new().chain_update(self.seed).chain_update(self.counter.to_be_bytes()).finalize();
        self.counter += 1;
        for (word, bytes) in self.block.iter_mut().zip(digest.chunks_exact(8)) {
            *word = bytes.iter().fold(0, |word, byte| word << 8 | u64::from(*byte));
        }
        self.left = self.block.len();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_seed_gives_the_same_tokens() {
        let (mut one, mut two) = (Tokens::new([7; 32]), Tokens::new([7; 32]));
        assert_eq!([one.tag(), one.call_id()], [two.tag(), two.call_id()]);
        assert_ne!(one.tag(), Tokens::new([8; 32]).tag());
    }

    #[test]
    fn tokens_do_not_repeat() {
        let mut tokens = Tokens::new([0; 32]);
        let seen: std::collections::HashSet<u64> = (0..10_000).map(|_| tokens.next()).collect();
        assert_eq!(seen.len(), 10_000);
    }
}
