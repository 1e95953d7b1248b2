"""Clauses that touch no guideline of any playbook: (heading, text), by kind of contract.

Left out on purpose, because some guideline speaks of it: liability, money, term, notice of termination, transfer,
confidentiality, law and courts, insurance, changes of the contract.
"""

# ruff: noqa: E501  (a clause stands on one line, as it will in the contract)

_BUSINESS = (
    (
        "Counterparts",
        "This Agreement may be signed in several counterparts, each of which is an original and all of which together form one document; scanned signatures have the same effect as ink.",
    ),
    (
        "Headings",
        "Headings are inserted for ease of reading and have no influence on the meaning of a clause. Words in the singular include the plural, and a reference to a clause is to a clause of this Agreement.",
    ),
    (
        "Severability",
        "If a provision of this Agreement proves to be invalid, the remaining provisions keep their effect and the parties replace the invalid one by a valid provision that comes closest to what they intended.",
    ),
    (
        "No waiver",
        "A party that does not insist on a right on one occasion does not thereby give it up, and a waiver is effective only for the event for which it was declared in writing.",
    ),
    (
        "Relationship",
        "The parties act as independent businesses. Nothing in this Agreement creates a partnership, a joint venture or an employment relationship, and neither party may speak for the other.",
    ),
    (
        "Business Day",
        "Business Day means any day other than a Saturday, a Sunday or a public holiday in {city}. A period that would end on another day ends on the next Business Day.",
    ),
    (
        "Communications",
        "Communications under this Agreement are sent to the contact persons named on the signature page, by letter or e-mail, and are deemed received on the Business Day that follows their dispatch.",
    ),
    (
        "Entire agreement",
        "This document and its annexes contain everything that {A} and {B} have agreed on its subject. Earlier drafts, letters and minutes are superseded.",
    ),
    (
        "Force majeure",
        "Where flood, strike, war or an act of government keeps a party from performing, the time for performance is extended by as long as the obstacle lasts, provided that the other party was told promptly.",
    ),
    (
        "Authority",
        "Each signatory confirms that it has the power to enter into this Agreement for the party named and that all approvals of the company's bodies have been obtained.",
    ),
    (
        "Language",
        "This Agreement is drawn up in English. Translations serve for information, and in the event of a discrepancy the English text is the one to follow.",
    ),
    (
        "Contact persons",
        "{A} and {B} each name a contact person within {d_s} of signature. The contact persons speak at least once a month and prepare short minutes of what was discussed.",
    ),
    (
        "Order of documents",
        "If the annexes and the body of this Agreement differ, the body comes first, then the annexes in the order of their numbers. Handwritten remarks are disregarded unless initialled.",
    ),
    (
        "Escalation",
        "Differences of opinion are first discussed by the contact persons. If these find no solution, the matter is put to one senior manager on each side, who meet in {city} or by video.",
    ),
    (
        "Electronic form",
        "Where this Agreement asks for writing, an e-mail with an attached signed file is sufficient. Simple chat messages do not meet the requirement.",
    ),
    (
        "Compliance",
        "Both parties observe the rules against bribery that apply to them and keep gifts and invitations within what is customary and modest in business life.",
    ),
    (
        "Recitals",
        "{A}, with its seat in {city}, and {B} have known each other since a trade fair and wish to put their dealings on a written footing. The recitals explain the background only.",
    ),
    (
        "Effective Date",
        "This Agreement takes effect on the day of the last signature, which is called the Effective Date. The parties have initialled each page of the annexes.",
    ),
    (
        "Calculation of time",
        "Periods expressed in days are counted in calendar days. The day on which an event occurs is left out of the count and the last day is included.",
    ),
    (
        "Environment",
        "The parties try to keep the effect of their work on the environment small; they prefer rail to air travel and send documents electronically where this is practical.",
    ),
)

_SERVICES = (
    (
        "Project plan",
        "The work is divided into the phases set out in the project plan. At the end of each phase the project leads hold a review in {city} and note open points in a shared list.",
    ),
    (
        "Staff",
        "{S} assigns staff who have the training and experience that the work calls for. If a key person falls ill, {S} names a substitute of equal skill within {d_s}.",
    ),
    (
        "Cooperation",
        "{C} provides access to its premises and test systems in good time and names a person who can answer technical questions during office hours.",
    ),
    (
        "Acceptance",
        "{C} tests each deliverable against the criteria in Annex 2 and reports the result. Testing starts on the Business Day after delivery and follows the agreed script.",
    ),
    (
        "Support hours",
        "The help desk of {S} can be reached from 8 a.m. to 6 p.m. on Business Days. Requests are recorded in a ticket system, and each ticket shows its priority and state.",
    ),
    (
        "Reports",
        "At the end of each month {S} sends a report on the work done, the open tickets and the availability measured. The report follows the form in Annex 4.",
    ),
    (
        "Maintenance windows",
        "Planned maintenance takes place at night or at weekends and is announced on the status page. {S} tries to keep each window shorter than four hours.",
    ),
    (
        "Training",
        "{S} trains up to ten users of {C} in the operation of the software. The sessions are held by video or in {city} and are accompanied by a short manual.",
    ),
    (
        "Site rules",
        "When working at a site of {C}, the staff of {S} wear a visitor's badge, follow the house rules and complete the safety briefing on their first day.",
    ),
    (
        "Working language",
        "Meetings and technical documents are in English. Minutes are taken by {S} in turn with {C} and circulated within {d_s} after each meeting.",
    ),
)

_DISTRIBUTION = (
    (
        "Territory",
        "The Territory consists of {country} including its islands. The list of sales points in the Territory is kept up to date by the contact persons.",
    ),
    (
        "Orders",
        "Orders are placed through the web portal of {M} and state article number, quantity and desired date. {M} confirms each order or explains why it cannot do so.",
    ),
    (
        "Delivery",
        "The Products are delivered free carrier at the warehouse in {city}, packed on standard pallets. Each delivery comes with a packing list and the usual certificates.",
    ),
    (
        "Samples",
        "{M} supplies a reasonable number of samples for trade fairs. Samples are labelled as such and are shown together with the current catalogue.",
    ),
    (
        "Trade fairs",
        "{X} represents the Products at one trade fair in the Territory each year. The parties agree on the size and look of the stand when they plan the season.",
    ),
    (
        "Product information",
        "{M} sends data sheets and pictures of new Products as soon as they are ready. {X} tells {M} what its customers say about the quality of the goods.",
    ),
    (
        "Storage",
        "{X} stores the Products in a dry and clean place and observes the temperature range printed on the package. First goods in are first goods out.",
    ),
    (
        "Complaints of quality",
        "Visible defects are reported within {d_s} after arrival, with photographs. {M} examines the report and answers it with a proposal.",
    ),
    (
        "Sales meetings",
        "The sales teams of {M} and {X} meet twice a year, in spring at {city} and in autumn by video, to talk about the market and the coming season.",
    ),
)

_NDA = (
    (
        "Purpose",
        "{A} and {B} are examining whether to develop a product together, which is called the Purpose. The talks are expected to take place in {city} and by video.",
    ),
    (
        "No obligation to contract",
        "Nothing in this Agreement obliges the parties to enter into a further contract. Each of them bears its own expenses of the talks.",
    ),
    (
        "Standard of care",
        "The parties handle documents with the care that a prudent merchant applies and keep paper files in a locked room.",
    ),
    (
        "Data room",
        "Documents are made available in an electronic data room that is run from {city}. Access rights are set by the contact persons and expire when the talks are over.",
    ),
    (
        "Accuracy",
        "Documents are made available as they stand. {D} does not promise that figures and forecasts in them are complete or up to date.",
    ),
    (
        "Site visits",
        "Visits to plants are arranged one week ahead. Visitors wear a badge, follow the safety rules and are accompanied by a member of the host's staff.",
    ),
)

_CONSUMER = (
    (
        "Who can join",
        "The service is for people who are at least 18 years old. If you register for a club or a family, you confirm that its members know about it and are happy with it.",
    ),
    (
        "Your account",
        "Choose a password that you do not use elsewhere and keep it to yourself. If you think that someone else knows it, set a new one in the settings of the app.",
    ),
    (
        "Technical needs",
        "You need a current browser and a stable connection. The help pages list the devices on which the service was tested and explain how to install the app.",
    ),
    (
        "Support",
        "Our support team answers questions on working days from 9 a.m. to 5 p.m. You reach it through the form on the help page or by telephone.",
    ),
    (
        "Good manners",
        "Be kind to other members. Insults, spam and false names spoil the service for everyone, so please report them with the button beside each post.",
    ),
    (
        "Service description",
        "{P} lets you plan trips, store photographs and share lists with friends. A map view and a calendar are included in every plan.",
    ),
    (
        "Who we are",
        "The service is run by {A}, with its office in {city}. The legal notice on the website shows the register number and the names of the directors.",
    ),
    (
        "Trial",
        "You can try {P} for {d_s} free of charge. The trial ends by itself, and you need not give any payment details for it.",
    ),
    (
        "Plans",
        "There are a basic and a family plan. The order page shows what each plan contains, how many people can use it and what it costs each month.",
    ),
    (
        "Feedback",
        "Ideas for new functions are welcome. Write to the team or use the feedback button; each month the most wanted ideas are shown in the newsletter.",
    ),
    (
        "Newsletter",
        "If you subscribe to the newsletter, you receive travel tips twice a month. Every issue has a link with which you can cancel the subscription.",
    ),
    (
        "Mobile app",
        "The app can be installed on phones and tablets. Updates come through the store of your device, and the release notes say what is new in each of them.",
    ),
    (
        "Language of the service",
        "The service is offered in English, French and German. You can switch the language in the settings, and the help pages follow your choice.",
    ),
    (
        "Definitions",
        'In these terms "service" means the website and the apps of {P}, "member" means a person with an account, and "post" means a text, picture or list shared with others.',
    ),
)

FILLERS: dict[str, tuple[tuple[str, str], ...]] = {
    "nda": _NDA + _BUSINESS,
    "services": _SERVICES + _BUSINESS,
    "distribution": _DISTRIBUTION + _BUSINESS,
    "consumer": _CONSUMER,
}
