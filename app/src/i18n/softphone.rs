//! The softphone: words of the page and those that its script shows.

catalogue! {
    /// The softphone.
    Softphone {
        title: "Softphone" | "Simu ya kivinjari",
        text: "Call from this browser with one of your numbers, and answer calls to them." | "Piga kutoka kivinjari hiki kwa nambari yako, na pokea simu zake.",
        no_number: "A phone needs a number" | "Simu inahitaji nambari",
        no_number_text: "Claim one, then come back to call with it." | "Chukua moja, kisha rudi upige nayo.",
        claim: "Choose a number" | "Chagua nambari",
        no_script: "The softphone needs JavaScript, WebAssembly and a microphone. Everything else in the console works without." | "Simu ya kivinjari inahitaji JavaScript, WebAssembly na maikrofoni. Mengine yote hufanya kazi bila hizo.",
        call_from: "Call from" | "Piga kutoka",
        to: "Number to call" | "Nambari ya kupigia",
        call: "Call" | "Piga",
        hangup: "Hang up" | "Kata",
        mute: "Mute" | "Nyamazisha",
        unmute: "Unmute" | "Rudisha sauti",
        accept: "Answer" | "Pokea",
        reject: "Decline" | "Kataa",
        keypad: "Keypad" | "Vibonye",
        recent: "This session" | "Kipindi hiki",
        offline: "Offline" | "Nje ya mtandao",
        connecting: "Connecting" | "Inaunganisha",
        ready: "Ready" | "Tayari",
        reconnecting: "Reconnecting" | "Inaunganisha tena",
        idle: "Type a number, or wait for a call" | "Andika nambari, au subiri simu",
        calling: "Calling" | "Inapiga",
        ringing: "Ringing" | "Inaita",
        incoming: "Incoming call" | "Simu inaingia",
        in_call: "In call" | "Mazungumzo",
        ended: "Call ended" | "Simu imeisha",
        failed: "Call failed" | "Simu imeshindwa",
        sandbox: "Sandbox: +254 722 000 042 answers and speaks; numbers ending in 9901 are busy, in 9902 never answer." | "Majaribio: +254 722 000 042 hujibu na kusema; zinazoishia 9901 zina shughuli, 9902 hazijibu.",
        tips: "Good to know" | "Vyema kujua",
        tip_mic: "The browser asks for the microphone at the first call." | "Kivinjari kitaomba maikrofoni kwenye simu ya kwanza.",
        tip_stay: "Stay on this page while you talk: leaving it ends the call." | "Baki kwenye ukurasa huu unapozungumza: kuondoka kunakata simu.",
        tip_emergency: "Emergency numbers can't be called from here." | "Nambari za dharura haziwezi kupigwa kutoka hapa.",
    }
}
