"""What Prefect's server does by itself: it starts an executor when one has crashed.

The server sees a run end without being asked, so this is faster than any watch and needs no
process of ours. How often a restart may fail is the flow's own matter (``only_if_none``).
"""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

from prefect.client.orchestration import PrefectClient
from prefect.events.actions import RunDeployment
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture

RESTART = "restart the executor"
DESCRIPTION = "A run of executor/live that crashed or failed is followed by another at once."


async def register_restart(client: PrefectClient, executor_id: str) -> None:
    """Create or update it for the deployment ``executor_id``; one that an operator has switched off
    stays off."""
    existing = await client.read_automations_by_name(RESTART)
    automation = AutomationCore(
        name=RESTART,
        description=DESCRIPTION,
        enabled=all(item.enabled for item in existing),
        trigger=EventTrigger(
            posture=Posture.Reactive,
            expect={"prefect.flow-run.Crashed", "prefect.flow-run.Failed"},
            match={"prefect.resource.id": "prefect.flow-run.*"},
            match_related={
                "prefect.resource.id": f"prefect.deployment.{executor_id}",
                "prefect.resource.role": "deployment",
            },
            threshold=1,
            within=timedelta(0),
        ),
        actions=[
            RunDeployment(
                source="selected",
                deployment_id=UUID(executor_id),
                parameters={"only_if_none": True},
            )
        ],
    )
    if existing:
        await client.update_automation(existing[0].id, automation)
    else:
        await client.create_automation(automation)
