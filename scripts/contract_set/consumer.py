"""Consumer terms of service, read for the consumer: terms that are potentially unfair."""

# ruff: noqa: E501  (a clause stands on one line, as it will in the contract)

from scripts.contract_set.model import Guideline, Playbook, Topic

TOPICS = (
    Topic(
        "change",
        "Changes",
        near=("use",),
        a=(
            "{P} may change these terms at any time, and the version on the website applies.",
            "{P} reserves the right to modify the features and fees of the service without notice.",
            "These terms can be amended by {P} at its sole discretion; check this page from time to time.",
            "{P} is free to alter or replace any part of this agreement as it sees fit.",
            "New terms take effect as soon as {P} publishes them, whether or not you have seen them.",
        ),
        b=(
            "{P} changes these terms only with your consent.",
            "If {P} proposes new terms, you are told {d_l} before and the old terms apply until you agree.",
            "A change of these terms needs a valid reason, notice of {d_l} and leaves you free to leave without cost.",
            "The terms that you accepted stay in force for your whole subscription, and {P} does not amend them on its own.",
        ),
    ),
    Topic(
        "removal",
        "Your content",
        near=("account",),
        a=(
            "{P} may delete anything that you upload, for any reason and without telling you.",
            "Content can be removed or edited by {P} at its full discretion.",
            "{P} has the right, but no duty, to take down your posts at any time without explanation.",
            "Your files may be erased by {P} without notice and cannot be restored.",
            "Whatever {P} considers unsuitable may vanish from your profile, and no reason has to be given.",
        ),
        b=(
            "{P} removes content only if it is illegal, tells you why and lets you object.",
            "Your uploads stay online until you delete them; {P} does not remove them on its own.",
            "Before content is taken down, {P} informs you of the reason and gives you {d_s} to save a copy.",
            "A post may be blocked only on the order of a court, of which you are told at once.",
        ),
    ),
    Topic(
        "account",
        "Suspension",
        near=("removal",),
        a=(
            "{P} may close your account at any time, with or without cause.",
            "Access to the service can be suspended by {P} without notice and without reasons.",
            "{P} is entitled to end this agreement with you immediately whenever it wishes.",
            "Your account may be blocked at the sole discretion of {P}, and paid fees are not refunded.",
            "Without prior warning, {P} can stop providing the service to you for any reason.",
        ),
        b=(
            "{P} may end this agreement only for serious breach, after a warning and {d_s} to put it right.",
            "Your account is closed only at your own request.",
            "A suspension requires a serious reason stated in writing, and you may object within {d_s}.",
            "{P} gives you notice of {d_l} before it ends the service and refunds fees paid in advance.",
        ),
    ),
    Topic(
        "law",
        "Applicable law",
        near=("court", "arbitration"),
        a=(
            "These terms are governed by the laws of {country}, wherever you live.",
            "The law of {country} applies to this agreement to the exclusion of the law of your home.",
            "Any question about these terms is decided under the law of {country}.",
            "You accept that {country}'s law alone governs your use of the service.",
            "Regardless of your place of residence, the rules in force in {country} apply to our relations.",
        ),
        b=(
            "These terms are governed by the law of the country in which you live.",
            "The law of your place of residence applies, with all its consumer protection rules.",
            "Your home country's law governs this agreement.",
            "Whichever country you reside in, its law decides questions about these terms.",
        ),
    ),
    Topic(
        "court",
        "Disputes",
        near=("law", "arbitration"),
        a=(
            "The courts of {city} have exclusive jurisdiction over all disputes.",
            "You may bring a claim against {P} only before the courts at {city}.",
            "Any lawsuit must be filed in {city}, and you waive the courts of your home.",
            "Disputes are heard solely by the court at the seat of {P} in {city}.",
            "For every claim arising from the service, you agree to sue and be sued in {city}.",
        ),
        b=(
            "You may sue {P} before the courts of the place where you live.",
            "Disputes are heard by the courts at your residence.",
            "Claims against you are brought only in your home country, and you may choose its courts too.",
            "The courts nearest to your home are competent for disputes with {P}.",
        ),
    ),
    Topic(
        "arbitration",
        "Arbitration",
        near=("law", "court"),
        a=(
            "All disputes are finally settled by arbitration in {city}, and you give up the right to go to court.",
            "You and {P} agree that any claim must be submitted to binding arbitration.",
            "Instead of suing in court, you shall bring your complaint before an arbitrator appointed by {P}.",
            "Claims can be raised in arbitration only, and class actions are waived.",
            "Every controversy with {P} goes to a sole arbitrator, whose award is binding on you.",
        ),
        b=(
            "You may choose arbitration, but are never obliged to; the courts stay open to you.",
            "Arbitration is voluntary and needs your consent after the dispute has arisen.",
            "{P} offers an arbitration scheme that you can decline, and you keep your right to sue.",
            "No arbitration clause binds you: each dispute may be taken to an ordinary court.",
        ),
    ),
    Topic(
        "privacy",
        "Personal data",
        a=(
            "By using the service you consent to our privacy policy in its current form.",
            "Acceptance of these terms includes your consent to the processing of your data as the privacy policy describes.",
            "The privacy policy is part of this agreement, and you agree to it by registering.",
            "When you create an account, you are deemed to have approved all uses of your personal data.",
            "Your continued visits signify that you allow {P} to handle your data under its privacy policy.",
        ),
        b=(
            "Consent to the use of your data is asked for separately and is no condition of the service.",
            "The privacy notice informs you only; it is not part of these terms and you need not agree to it.",
            "{P} processes optional data only if you tick a separate box, which you can undo at any time.",
            "Accepting these terms does not mean that you consent to any processing of your personal data.",
        ),
    ),
    Topic(
        "harm",
        "Our liability",
        a=(
            "{P} is not liable for any loss that you suffer from the use of the service.",
            "To the full extent permitted, {P} excludes all liability, including for loss of data and interruption.",
            "You use the service at your own risk, and {P} pays no damages.",
            "The liability of {P} to you is limited to {currency} 20 in all cases, personal injury included.",
            "{P} cannot be held responsible for harm caused by the service or by its staff.",
        ),
        b=(
            "{P} is liable to you under the general law, and these terms do not limit that liability.",
            "Nothing in these terms restricts your claims for damages.",
            "{P} compensates all loss that it causes by fault, including injury and loss of data.",
            "Your statutory rights to damages against {P} remain unaffected in full.",
        ),
    ),
    Topic(
        "use",
        "Acceptance",
        near=("change", "privacy"),
        a=(
            "By visiting the website you agree to be bound by these terms.",
            "Use of the service counts as acceptance of this agreement, even if you have not read it.",
            "Anyone who opens the app is bound by these terms without further steps.",
            "Merely browsing our pages creates a contract with {P} on the terms set out here.",
            "These terms bind you from the first moment at which you access any part of the service.",
        ),
        b=(
            'These terms apply only after you have read them and clicked the button "I accept".',
            "No contract arises from mere use; you must confirm these terms expressly when you register.",
            "Visitors are not bound by these terms until they have signed up and accepted them by a separate step.",
            "A contract with {P} requires your express declaration of acceptance.",
        ),
    ),
)

CONSUMER = Playbook(
    "consumer-terms",
    "Consumer terms policy. We act for the CONSUMER.",
    "consumer",
    "consumer",
    ("potentially_unfair", "potentially_unfair_term", "fair"),
    (
        Guideline(
            "CON-CHANGE",
            "Unilateral change",
            "The provider must not change terms or service on its own.",
            "change",
            "a",
            (
                "The provider may change the deal alone, so the consumer cannot rely on it.",
                "A one-sided power to change is reserved.",
                "The consumer's agreement to the change is not asked for.",
            ),
            (
                "Require consent, or valid reasons with notice and a right to leave.",
                "Add prior notice and a free right to terminate.",
                "Delete the one-sided power to change.",
            ),
        ),
        Guideline(
            "CON-REMOVE",
            "Content removal",
            "The provider must not remove user content at its discretion.",
            "removal",
            "a",
            (
                "User content may disappear without stated grounds.",
                "Removal is left to the provider's discretion.",
                "The consumer gets no reason and no chance to save the content.",
            ),
            (
                "State the grounds for removal and give notice.",
                "Limit removal to illegal content, with a chance to object.",
                "Add notice and a way to retrieve content.",
            ),
        ),
        Guideline(
            "CON-SUSPEND",
            "Suspension",
            "The provider must not end or suspend the service without cause and notice.",
            "account",
            "a",
            (
                "The service may be stopped without cause or notice.",
                "The consumer can lose access at the provider's whim.",
                "No reason and no warning protect the consumer from losing the account.",
            ),
            (
                "Limit suspension to serious breach after a warning.",
                "Add notice, reasons and a refund of prepaid fees.",
                "Require serious cause and a chance to cure.",
            ),
        ),
        Guideline(
            "CON-LAW",
            "Governing law",
            "The law of the consumer's residence must apply.",
            "law",
            "a",
            (
                "A foreign law displaces that of the consumer's residence.",
                "The choice of law takes no account of where the consumer lives.",
                "The consumer loses the protection of the law at home.",
            ),
            (
                "Apply the law of the consumer's residence.",
                "Delete the choice of law for consumers.",
                "Add that mandatory consumer law at home prevails.",
            ),
        ),
        Guideline(
            "CON-COURT",
            "Jurisdiction",
            "Disputes must be heard where the consumer lives.",
            "court",
            "a",
            (
                "The consumer would have to litigate far from home.",
                "Jurisdiction is tied to a place that is not the consumer's home.",
                "The home courts of the consumer are excluded.",
            ),
            (
                "Let the consumer use the courts of the place of residence.",
                "Delete the exclusive jurisdiction for consumers.",
                "Replace by the courts at the consumer's home.",
            ),
        ),
        Guideline(
            "CON-ARBITR",
            "Arbitration",
            "Arbitration must be optional for the consumer.",
            "arbitration",
            "a",
            (
                "Arbitration is compulsory and closes the way to court.",
                "The consumer is forced to arbitrate.",
                "The clause takes the right to sue away from the consumer.",
            ),
            (
                "Make arbitration optional and keep the courts open.",
                "Delete the compulsory arbitration.",
                "Allow arbitration only if agreed after the dispute arises.",
            ),
        ),
        Guideline(
            "CON-PRIVACY",
            "Data consent",
            "Consent to data use must be separate from the terms.",
            "privacy",
            "a",
            (
                "Consent to data use is bundled with the terms.",
                "The consumer has no separate choice about personal data.",
                "Agreement to the privacy policy is presumed instead of asked for.",
            ),
            (
                "Ask for data consent separately.",
                "Take the privacy consent out of the terms.",
                "Replace by a separate, freely given consent.",
            ),
        ),
        Guideline(
            "CON-HARM",
            "Exclusion of liability",
            "The provider must not exclude or limit its liability.",
            "harm",
            "a",
            (
                "The provider escapes liability to the consumer.",
                "The consumer's claims for damages are cut off or cut down.",
                "The exclusion leaves the consumer with the loss.",
            ),
            (
                "Delete the exclusion of liability.",
                "Restore liability under the general law.",
                "Limit the clause; keep liability for injury, intent and negligence.",
            ),
        ),
        Guideline(
            "CON-USE",
            "Acceptance by use",
            "Terms must bind only after express acceptance.",
            "use",
            "a",
            (
                "The consumer is bound without having agreed expressly.",
                "Mere use is treated as consent to the terms.",
                "No act of acceptance is required before the terms bind.",
            ),
            (
                "Require an express act of acceptance.",
                "Add a confirmation step before the terms bind.",
                "Replace by acceptance on registration with a clear button.",
            ),
        ),
    ),
)
