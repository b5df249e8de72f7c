"""Jobs of RQ that work with the id of the request that enqueued them."""

from typing import Any

from rq.job import Job

from wsgistack.logging.keeping import STATE, read_state, use_ids

__all__ = ["RequestIdJob"]


class RequestIdJob(Job):
    """A job that keeps the id of the request that enqueued it, in its ``meta``.

    Name it where jobs are enqueued, and to the worker::

        queue = Queue(connection=redis, job_class=RequestIdJob)

        $ rq worker --job-class wsgistack.logging.RequestIdJob
    """

    @classmethod
    def create(cls, *args: Any, **options: Any) -> Job:
        """Create the job, with the ids of the current request."""
        job = super().create(*args, **options)
        state = read_state()
        if state:
            job.meta[STATE] = state
        return job

    def perform(self) -> Any:
        """Do the work, with these ids."""
        with use_ids(self.meta.get(STATE)):
            return super().perform()
