"""Non-disclosure agreements: six questions, seen by the receiving and by the disclosing party."""

# ruff: noqa: E501  (a clause stands on one line, as it will in the contract)

from scripts.contract_set.model import Guideline, Playbook, Topic

TOPICS = (
    Topic(
        "term",
        "Duration of confidentiality",
        a=(
            "The duties of confidence under this Agreement continue for {y_l} after the Agreement ends, whatever the reason for its end.",
            "{R} shall keep the Confidential Information secret without limit in time, including after this Agreement has expired.",
            "The undertakings given by {R} survive termination and remain binding for a period of {y_l} counted from the date of termination.",
            "Each item of Confidential Information stays protected for {y_l} from the day on which {R} received it last.",
            "No lapse of time releases {R} from secrecy; its duties end only when the information has become public through no act of {R}.",
        ),
        b=(
            "The duties of confidence under this Agreement end {y_s} after the date on which the information was disclosed.",
            "{R} is released from its confidentiality undertakings on the expiry of {y_s} from the Effective Date, and no duty survives that day.",
            "All obligations of secrecy lapse {m_l} after the last disclosure made under this Agreement.",
            "Once {y_s} have passed since termination, {R} may treat the Confidential Information as free of any restriction.",
            "Protection under this Agreement is limited to {m_l}; afterwards {D} can no longer invoke any duty of confidence.",
        ),
    ),
    Topic(
        "marking",
        "Confidential Information",
        a=(
            "Confidential Information means everything that {D} makes available in any form, whether or not it is marked or described as confidential.",
            "Information need not bear a legend to be protected; whatever {R} learns during the talks counts as Confidential Information.",
            "Oral statements, samples and impressions gained on a site visit are Confidential Information even if nothing in writing identifies them as such.",
            "The absence of a stamp or notice on a document does not affect its status: all material handed over by {D} is Confidential Information.",
            "{R} shall treat all information of {D} as confidential, and no labelling or later confirmation is required for that purpose.",
        ),
        b=(
            'Only documents that carry the word "Confidential" when they are handed over are Confidential Information.',
            "Oral disclosures are protected only if {D} confirms them in writing as confidential within {d_s} after the conversation.",
            "Information is Confidential Information solely where {D} has marked it with a clear legend; unmarked material may be used freely.",
            "To qualify for protection, information must be identified as confidential at the time of disclosure and listed in a written summary.",
            "Material that reaches {R} without a confidentiality notice is deemed to be free of any duty under this Agreement.",
        ),
    ),
    Topic(
        "residuals",
        "Residual knowledge",
        a=(
            "{R} and its staff may not use ideas, concepts or know-how derived from the Confidential Information, even if they are kept only in memory.",
            "Nothing in this Agreement allows {R} to exploit what its employees remember of the Confidential Information.",
            "Persons who had access to the Confidential Information shall not apply remembered details of it to any other project of {R}.",
            "Unaided recollection is no defence: know-how that originates from {D} stays barred from use in whatever form it is retained.",
            "General skills apart, any recalled content of the Confidential Information remains subject to the restrictions on use in this Agreement.",
        ),
        b=(
            "{R} may use for any purpose the residuals of its access to the Confidential Information, meaning what its staff retain in unaided memory.",
            "Ideas, concepts and techniques that remain in the minds of {R}'s personnel are free for {R} to use in its business.",
            "Nothing restricts {R} from applying know-how of a general nature that its employees recall after having seen the Confidential Information.",
            "{D} accepts that remembered information may be exploited by {R} without payment and without reference to this Agreement.",
            "What an employee of {R} carries in memory, without having memorised it on purpose, is outside the restrictions on use.",
        ),
    ),
    Topic(
        "return",
        "Return of materials",
        a=(
            "On request {R} shall return or destroy every copy of the Confidential Information and may keep none, not even for its records.",
            "Within {d_s} after the talks end, {R} must erase all Confidential Information, including back-ups and archive copies, and certify that it did.",
            "{R} hands back all documents of {D} at the end of this Agreement; retention of any copy or extract is prohibited.",
            "No copy of the Confidential Information may remain with {R} or its counsel after the date of termination.",
            "{R} shall purge its systems of all data of {D}, back-up media included, no later than {d_s} after termination.",
        ),
        b=(
            "{R} may keep one archive copy of the Confidential Information with its legal department to prove what it received.",
            "The duty to return documents does not extend to copies made by routine back-up, which {R} may retain until they are overwritten.",
            "After termination {R} is entitled to hold such copies of the Confidential Information as its retention policy provides for.",
            "{R} need not destroy minutes and analyses that contain Confidential Information and may keep them in its files.",
            "Notwithstanding a request for return, {R} may retain copies that law, regulation or internal compliance rules call for.",
        ),
    ),
    Topic(
        "hire",
        "Employees",
        a=(
            "For {y_s} after the end of the talks {R} shall not employ or engage any person who works for {D}.",
            "{R} undertakes not to solicit, entice away or hire the personnel of {D} during this Agreement and for {m_l} afterwards.",
            "Neither {R} nor its affiliates may approach employees of {D} with an offer of employment before {y_s} have passed.",
            "Should {R} recruit a member of {D}'s team within {m_l} after this Agreement, it owes {D} one year's salary of that person.",
            "Staff of {D} whom {R} has met in connection with the Purpose are barred from being taken on by {R} for {y_s}.",
        ),
        b=(
            "Nothing in this Agreement limits the freedom of {R} to recruit or employ any person, including personnel of {D}.",
            "Each party remains free to hire people who work for the other, and no non-solicitation duty applies.",
            "{R} may offer employment to the staff of {D} at any time, provided that it does not use Confidential Information in doing so.",
            "The parties have deliberately agreed no restriction on approaching or engaging each other's employees.",
            "{D} has no claim if a member of its staff accepts a position with {R} during or after the talks.",
        ),
    ),
    Topic(
        "recipients",
        "Permitted recipients",
        a=(
            "{R} shall not pass Confidential Information to anyone outside its own workforce; lawyers, accountants and consultants are not excepted.",
            "Only employees of {R} may see the Confidential Information, and disclosure to outside advisers is prohibited.",
            "Disclosure to professional advisers, financing banks or subcontractors of {R} is not permitted in any case.",
            "Access is confined to salaried staff of {R} who need the information for the Purpose; no third person may receive it.",
            "{R} may not share the Confidential Information with consultants or counsel, even where these are bound by professional secrecy.",
        ),
        b=(
            "{R} may share Confidential Information with its lawyers, auditors and consultants who need it for the Purpose.",
            "Disclosure to professional advisers and financing sources of {R} is permitted if they are bound to secrecy.",
            "{R} is entitled to pass the information on to contractors and advisers, for whose conduct it answers.",
            "Representatives who may receive the Confidential Information include outside counsel, accountants and technical experts of {R}.",
            "Besides its employees, {R} may give its external advisers access to whatever they require to assess the Purpose.",
        ),
    ),
)

RECEIVING = Playbook(
    "nda-receiving",
    "NDA playbook. We act for the RECEIVING PARTY.",
    "receiving_party",
    "nda",
    ("contradicts", "conflict", "entailed"),
    (
        Guideline(
            "REC-TERM",
            "Limited duration",
            "Duties of confidence must end within three years.",
            "term",
            "a",
            (
                "The duty of confidence runs well beyond the three years that we accept.",
                "We would stay bound to secrecy for longer than the three-year limit of the playbook.",
                "Confidentiality is not limited to three years, so our records stay burdened for too long.",
            ),
            (
                "Limit the duty of confidence to three years from disclosure.",
                "Insert an end date no later than three years after the Effective Date.",
                "Replace the period by three years.",
            ),
        ),
        Guideline(
            "REC-MARK",
            "Marking",
            "Information is protected only if it is marked, or confirmed in writing, as confidential.",
            "marking",
            "a",
            (
                "Unmarked information is protected too, so we cannot tell what is confidential.",
                "The definition dispenses with marking and covers whatever we happen to receive.",
                "Protection does not depend on a label or written confirmation, as the playbook requires.",
            ),
            (
                "Limit protection to information marked, or confirmed in writing, as confidential.",
                "Add a marking requirement with written confirmation of oral disclosures.",
                "Require a confidentiality legend on documents.",
            ),
        ),
        Guideline(
            "REC-RESIDUAL",
            "Residual knowledge",
            "We must remain free to use knowledge retained in unaided memory.",
            "residuals",
            "a",
            (
                "Knowledge kept only in memory is barred from use, which is hard for our teams to obey.",
                "The clause denies us the residual knowledge that our position keeps free.",
                "Staff could not use what they merely remember, contrary to our residuals position.",
            ),
            (
                "Add a residuals clause for information retained in unaided memory.",
                "Exempt unaided memory from the restrictions on use.",
                "Delete the ban on using remembered know-how.",
            ),
        ),
        Guideline(
            "REC-COPIES",
            "Retained copies",
            "We must be allowed to keep archive, back-up and legally required copies.",
            "return",
            "a",
            (
                "All copies must go, with no exception for archives or back-ups.",
                "Complete erasure is required although we must be able to keep archive and back-up copies.",
                "The clause leaves us no record copy and makes no allowance for back-up media.",
            ),
            (
                "Allow one archive copy and routine back-ups until overwritten.",
                "Except archive, back-up and legally required copies from the duty.",
                "Add a right to retain copies for legal records.",
            ),
        ),
        Guideline(
            "REC-HIRE",
            "No non-solicitation",
            "The agreement must not restrict us from hiring the other side's staff.",
            "hire",
            "a",
            (
                "A hiring restriction is hidden in the NDA and limits our recruiting.",
                "The clause restricts the recruitment of the other side's staff, which we do not accept.",
                "Our freedom to hire is curtailed for a period after the talks.",
            ),
            (
                "Delete the restriction on hiring.",
                "Strike this covenant from the agreement.",
                "Remove the clause, or exempt replies to public advertisements.",
            ),
        ),
        Guideline(
            "REC-ADVISERS",
            "Sharing with advisers",
            "We must be allowed to share information with advisers bound to secrecy.",
            "recipients",
            "a",
            (
                "Advisers are shut out, so counsel could not assess the deal for us.",
                "The information may not leave our workforce, although we need outside advisers.",
                "Disclosure to lawyers and consultants is barred, contrary to our position.",
            ),
            (
                "Add advisers bound to secrecy to the permitted recipients.",
                "Permit disclosure to lawyers, auditors and consultants who need to know.",
                "Extend access to professional advisers.",
            ),
        ),
    ),
)

DISCLOSING = Playbook(
    "nda-disclosing",
    "NDA playbook. We act for the DISCLOSING PARTY.",
    "disclosing_party",
    "nda",
    ("contradicts", "conflict", "entailed"),
    (
        Guideline(
            "DIS-TERM",
            "Long protection",
            "Duties of confidence must last at least five years after disclosure.",
            "term",
            "b",
            (
                "Protection ends far sooner than the five years that we need.",
                "Our information would be free for use long before five years have passed.",
                "The duty of confidence lapses early and falls short of our five-year minimum.",
            ),
            (
                "Extend the duty of confidence to at least five years.",
                "Replace the period by five years after the last disclosure.",
                "Add that trade secrets stay protected without limit and other information for five years.",
            ),
        ),
        Guideline(
            "DIS-MARK",
            "No marking requirement",
            "Protection must not depend on marking or written confirmation.",
            "marking",
            "b",
            (
                "Information loses protection merely because nobody put a label on it.",
                "The clause makes protection depend on a formality that is easily missed.",
                "Unmarked disclosures of ours would be free for use by the other side.",
            ),
            (
                "Delete the marking requirement.",
                "Protect all information that is confidential by its nature.",
                "Extend the definition to unmarked and oral disclosures.",
            ),
        ),
        Guideline(
            "DIS-RESIDUAL",
            "No residuals",
            "The other side must not use knowledge that its staff merely remember.",
            "residuals",
            "b",
            (
                "The residuals clause lets the other side use our know-how from memory.",
                "Remembered content of our information becomes free, which empties the protection.",
                "The clause opens a back door: what staff recall may be exploited.",
            ),
            (
                "Delete the residuals clause.",
                "State that remembered information remains subject to the agreement.",
                "Strike the right to use retained knowledge.",
            ),
        ),
        Guideline(
            "DIS-RETURN",
            "Complete return",
            "All copies must be returned or destroyed; none may be kept.",
            "return",
            "b",
            (
                "The other side may keep copies although we require complete return or destruction.",
                "Copies of our information would remain outside our control after the end.",
                "The right to retain material conflicts with our demand that nothing is kept.",
            ),
            (
                "Delete the right to retain copies.",
                "Require return or destruction of every copy, with written confirmation.",
                "Oblige the other side to erase all copies within 30 days.",
            ),
        ),
        Guideline(
            "DIS-HIRE",
            "Non-solicitation",
            "The other side must be barred from hiring our staff for at least one year.",
            "hire",
            "b",
            (
                "Our staff are left open to recruitment by the other side.",
                "The clause permits hiring of our people instead of barring it for a year.",
                "No protection against poaching: the other side stays free to take on our staff.",
            ),
            (
                "Replace by a one-year ban on hiring our staff.",
                "Add a non-solicitation covenant of at least one year.",
                "Redraft: no hiring of our staff for 12 months.",
            ),
        ),
        Guideline(
            "DIS-ADVISERS",
            "Employees only",
            "Information must stay within the other side's own employees.",
            "recipients",
            "b",
            (
                "Outsiders such as advisers would gain access to our information.",
                "The circle of recipients goes beyond the other side's own employees.",
                "Third persons may receive our information, which our position rules out.",
            ),
            (
                "Limit the recipients to employees who need to know.",
                "Delete advisers and contractors from the permitted recipients.",
                "Make any disclosure to outsiders subject to our prior written consent.",
            ),
        ),
    ),
)
