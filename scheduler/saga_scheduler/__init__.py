"""The scheduler: emits what is due, through its own module's log. Any number of replicas."""
