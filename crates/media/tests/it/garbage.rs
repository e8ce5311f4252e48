//! Whatever arrives, the graph neither panics nor sends anything but RTP.

use media::Codec;
use proptest::prelude::*;

use crate::support::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn random_datagrams_are_survived(datagrams in proptest::collection::vec(
        (any::<bool>(), proptest::collection::vec(any::<u8>(), 0..80)), 0..60,
    )) {
        let a = with_events(quiet(Codec::Opus, 111, 7), 110, 48_000);
        let b = with_events(quiet(Codec::Pcmu, 0, 8), 101, 8_000);
        let mut world = World::with_ports(a, b);
        world.graph.join(A, B).unwrap();
        for (to_a, mut bytes) in datagrams {
            // Half of the packets get a header that passes, so that the codecs see garbage too.
            if let [version, payload_type, ..] = &mut bytes[..]
                && *payload_type % 2 == 0
            {
                *version = 0x80;
                *payload_type = if to_a { [111, 110] } else { [0, 101] }[usize::from(*payload_type / 2 % 2)];
            }
            world.receive_bytes(if to_a { A } else { B }, &mut bytes);
            world.tick();
        }
    }
}
