//! The public price list.

catalogue! {
    /// The public price list.
    Pricing {
        title: "Pricing" | "Bei",
        lead: "What numbers and calls cost, in your currency. No monthly fee besides a number's rental; calls between numbers of this server and calls between browsers are free." | "Nambari na simu zinagharimu nini, kwa sarafu yako. Hakuna ada ya mwezi zaidi ya kodi ya nambari; simu kati ya nambari za seva hii na kati ya vivinjari ni bure.",
        currency: "Currency" | "Sarafu",
        country: "Country" | "Nchi",
        all_countries: "All countries" | "Nchi zote",
        show: "Show prices" | "Onyesha bei",
        numbers: "Numbers" | "Nambari",
        numbers_text: "Rented by the calendar month; the first month by the days that are left of it." | "Hukodishwa kwa mwezi wa kalenda; mwezi wa kwanza kwa siku zilizobaki.",
        no_numbers: "No numbers here just now" | "Hakuna nambari hapa kwa sasa",
        monthly: "A month" | "Kwa mwezi",
        inbound: "Incoming, a minute" | "Zinazoingia, kwa dakika",
        at_home: "Calls within the country, a minute" | "Simu ndani ya nchi, kwa dakika",
        billed: "Billed" | "Hutozwa",
        free: "free" | "bure",
        capabilities: "Can do" | "Uwezo",
        destinations: "Calls by destination" | "Simu kwa upande",
        destinations_text: "The longest prefix counts. Premium and satellite numbers are called only where a price names them." | "Kiambishi kirefu zaidi ndicho huhesabiwa. Nambari za gharama ya juu na za setilaiti hupigiwa tu pale bei inapozitaja.",
        no_destinations: "No further destinations in this currency" | "Hakuna pande zaidi kwa sarafu hii",
        prefix: "Prefix" | "Kiambishi",
        per_minute: "A minute" | "Kwa dakika",
        by_the_second: "by the second" | "kwa sekunde",
        by_steps: "at least {} s, then in steps of {} s" | "angalau sekunde {}, kisha kwa hatua za sekunde {}",
        by_steps_only: "in steps of {} s" | "kwa hatua za sekunde {}",
        more: "There are more destinations: choose a country." | "Kuna pande zaidi: chagua nchi.",
        start: "Open a workspace" | "Fungua eneo la kazi",
        api: "The same as JSON" | "Hizo hizo kama JSON",
    }
}
