//! The start page.

catalogue! {
    /// The start page.
    Landing {
        title: "Voice for African products" | "Sauti kwa bidhaa za Afrika",
        headline: "Phone calls, as easy as a web request." | "Simu, rahisi kama ombi la wavuti.",
        lead: "Claim a number, place and answer calls from your code or from any web page, and pay by the second in your own currency. One server, which you can run yourself." | "Chukua nambari, piga na pokea simu kutoka kwenye msimbo wako au ukurasa wowote wa wavuti, na ulipe kwa sekunde kwa sarafu yako. Seva moja, ambayo unaweza kuiendesha mwenyewe.",
        start: "Start building" | "Anza kujenga",
        code_title: "Ring a phone and speak" | "Piga simu na useme",
        numbers_title: "Local numbers" | "Nambari za kwenu",
        numbers_text: "Search, claim and route a number in a minute. You see what is debited before you agree." | "Tafuta, chukua na elekeza nambari kwa dakika moja. Unaona kiasi kitakachokatwa kabla ya kukubali.",
        calls_title: "Calls that obey" | "Simu zinazotii",
        calls_text: "Answer with a few actions in JSON: say, collect digits, dial on, hang up." | "Jibu kwa vitendo vichache vya JSON: sema, kusanya tarakimu, piga kwingine, kata.",
        browser_title: "A phone in the page" | "Simu ndani ya ukurasa",
        browser_text: "Five lines of JavaScript put a call button into your product." | "Mistari mitano ya JavaScript inaweka kitufe cha kupiga simu kwenye bidhaa yako.",
        money_title: "Money that adds up" | "Pesa zinazolingana",
        money_text: "Billed per second, every movement in an append-only ledger, topped up with M-Pesa." | "Malipo kwa sekunde, kila muamala kwenye daftari lisilofutwa, ongeza salio kwa M-Pesa.",
        emergency: "Numbers here can't reach emergency services such as 999, 112 or 911." | "Nambari hizi haziwezi kupiga huduma za dharura kama 999, 112 au 911.",
    }
}
