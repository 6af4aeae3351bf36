"""A run that has ended is begun again only by being scheduled again.

A worker claims a run by proposing that it is pending. Prefect 3.8.8 lets one proposal of a
scheduled run through, but also any of a run that has ended meanwhile and has kept no result
(``HandleFlowTerminalStateTransitions``): a worker whose proposal was on its way while another one
ran the run then ran it a second time. No person and no program of Prefect's proposes that to begin
a run anew: both UIs and ``prefect flow-run retry`` schedule it.
"""

from __future__ import annotations

from typing import Any


def leave_ended_runs_alone() -> None:
    """Have this server refuse to let a run that has ended be claimed."""
    import prefect.server.models  # noqa: F401 (the rules do not load by themselves)
    from prefect.server.orchestration.core_policy import HandleFlowTerminalStateTransitions

    before_transition = HandleFlowTerminalStateTransitions.before_transition

    async def refuse_claims(
        self: HandleFlowTerminalStateTransitions, initial: Any, proposed: Any, context: Any
    ) -> None:
        if proposed is not None and proposed.is_pending():
            await self.abort_transition("The run has ended.")
        else:
            await before_transition(self, initial, proposed, context)

    # Its own arguments have other names in Prefect, which passes them by position.
    setattr(HandleFlowTerminalStateTransitions, "before_transition", refuse_claims)  # noqa: B010
