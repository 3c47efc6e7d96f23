"""The scheduler: fires due timers into its own module's log. Any number of replicas may run."""
