//! What can't be sent to the API as it was typed.

catalogue! {
    /// What can't be sent to the API as it was typed.
    Mistakes {
        seconds: "“{}” is no number of seconds." | "“{}” si idadi ya sekunde.",
        events: "“{}” is no number of events." | "“{}” si idadi ya matukio.",
        price: "“{}” is no price per minute; write it as {}." | "“{}” si bei ya dakika; iandike kama {}.",
        amount: "“{}” is no amount of {}." | "“{}” si kiasi cha {}.",
        workspace_id: "Give the workspace's id." | "Andika kitambulisho cha eneo la kazi.",
        currency: "Choose a currency." | "Chagua sarafu.",
        provider: "Choose a provider." | "Chagua mtoa huduma.",
        document: "A call takes `{\"actions\": […]}`." | "Simu huchukua `{\"actions\": […]}`.",
    }
}
