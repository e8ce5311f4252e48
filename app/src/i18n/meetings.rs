//! Conferences and queues, live.

catalogue! {
    /// Conferences and queues.
    Meetings {
        title: "Conferences and queues" | "Mikutano na foleni",
        text: "Who talks with whom and who waits, at this moment." | "Nani anazungumza na nani na nani anasubiri, kwa sasa.",
        conferences: "Conferences" | "Mikutano",
        none: "No conference is live" | "Hakuna mkutano unaoendelea",
        none_text: "One is live while somebody is in it. The action conference brings a call into one." | "Mkutano unaendelea wakati mtu yumo. Kitendo cha conference huingiza simu.",
        queues: "Queues" | "Foleni",
        no_queues: "Nobody waits in a queue" | "Hakuna anayesubiri foleni",
        no_queues_text: "The action enqueue lets a caller wait, dequeue takes the first one out." | "Kitendo cha enqueue humsubirisha mpigaji, dequeue humpokea wa kwanza.",
        waits: "Has not begun" | "Haujaanza",
        live: "Live" | "Unaendelea",
        recorded: "Recorded" | "Unarekodiwa",
        party: "Party" | "Mshiriki",
        state: "State" | "Hali",
        entered: "Since" | "Tangu",
        talks: "Talks" | "Anazungumza",
        muted: "Muted" | "Amenyamazishwa",
        held: "On hold" | "Amesubirishwa",
        coaches: "Coaches" | "Anafundisha",
        mute: "Mute" | "Nyamazisha",
        unmute: "Unmute" | "Ruhusu kusema",
        hold: "Hold" | "Subirisha",
        resume: "Resume" | "Rudisha",
        remove: "Take out" | "Ondoa",
        end: "End for all" | "Maliza kwa wote",
        end_ask: "Each call goes on with its next action." | "Kila simu itaendelea na kitendo chake kinachofuata.",
        end_sure: "End this conference" | "Maliza mkutano huu",
        ended: "The conference is over" | "Mkutano umekwisha",
        removed: "It was taken out" | "Ameondolewa",
        position: "Position" | "Nafasi",
        talking: "Talking" | "Wanaozungumza",
        agents: "Waiting for a caller" | "Wanaosubiri mpigaji",
        average: "Average wait" | "Muda wa wastani wa kusubiri",
    }
}
