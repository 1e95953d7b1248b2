"""All topics and playbooks, and which topics must not meet in one window."""

from scripts.contract_set import consumer, distribution, nda, services
from scripts.contract_set.model import Playbook, Topic

PLAYBOOKS: tuple[Playbook, ...] = (
    nda.RECEIVING,
    nda.DISCLOSING,
    services.CUSTOMER,
    services.SUPPLIER,
    distribution.DISTRIBUTOR,
    consumer.CONSUMER,
)

TOPICS: dict[str, Topic] = {
    topic.key: topic for topic in (*nda.TOPICS, *services.TOPICS, *distribution.TOPICS, *consumer.TOPICS)
}


def close(one: str, other: str) -> bool:
    """Whether a clause of one topic could be read as touching the other."""
    return one == other or other in TOPICS[one].near or one in TOPICS[other].near
