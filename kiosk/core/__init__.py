"""Pure rules: no clock, disk, network, thread or randomness; time comes in with inputs."""
