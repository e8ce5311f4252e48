//! Where numbers, series and providers can stand.
//!
//! ```text
//! available ◄──────────┬───────────── cooling_off ◄──┐
//!   │   ▲              │ claimed back     │          │ released
//!   ▼   │              ▼                  │          │
//! reserved ────────► assigned ────────────┼──────────┘
//!   └───────────────────┴─ series retired ┴─► retired
//! ```

/// A closed set of states with their names.
macro_rules! states {
    ($($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* })*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its name in the database and the API.
            pub const fn as_str(self) -> &'static str { match self { $(Self::$variant => $text,)* } }

            /// The state of that name.
            pub fn parse(name: &str) -> Option<Self> { match name { $($text => Some(Self::$variant),)* _ => None } }
        }
    )*};
}

states! {
    /// Where a number of the inventory stands.
    NumberState {
        /// Anybody may claim it.
        Available = "available",
        /// One workspace may claim it, and sees it alone.
        Reserved = "reserved",
        /// A workspace has it.
        Assigned = "assigned",
        /// It was given back: its last workspace may have it again, nobody else yet.
        CoolingOff = "cooling_off",
        /// Withdrawn for good.
        Retired = "retired",
    }
    /// Where a series stands.
    SeriesStatus {
        /// It offers its numbers.
        Active = "active",
        /// It offers none; those that are claimed work on.
        Paused = "paused",
        /// Withdrawn for good; its claimed numbers go when they are released.
        Retired = "retired",
    }
    /// Where a provider stands.
    ProviderStatus {
        /// It gives series.
        Active = "active",
        /// It gives none any more.
        Retired = "retired",
    }
    /// The order of a list of numbers to claim.
    Sort {
        /// By number, upwards.
        Number = "number",
        /// By monthly price, the cheapest first.
        Price = "price",
    }
}
