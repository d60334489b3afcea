"""What every command that computes can be told: on which device, and among which processes."""

from __future__ import annotations

import functools
import inspect
import os
import sys
import typing
from collections.abc import Callable, Mapping
from typing import Annotated, Any

import typer

LOST = 4
"""The exit code of a process whose companions have ended."""

TIMEOUT = 120
"""Seconds to wait for the other processes at the start."""

Device = Annotated[
    str | None,
    typer.Option(
        metavar="cpu|gpu|tpu",
        help="Where to compute; the fastest that JAX finds if left out.",
    ),
]
Distributed = Annotated[
    bool,
    typer.Option(
        "--distributed",
        help="This is one of several processes, of a cluster that JAX detects (Slurm, Open MPI, "
        "Kubernetes, Cloud TPU). The same command is run in each.",
    ),
]
Coordinator = Annotated[
    str | None,
    typer.Option(
        metavar="HOST:PORT",
        help="This is one of several processes, without a cluster: where process 0 listens.",
    ),
]
NumProcesses = Annotated[
    int | None, typer.Option(min=1, help="With --coordinator: how many processes there are.")
]
ProcessId = Annotated[
    int | None, typer.Option(min=0, help="With --coordinator: which of them this is, from 0.")
]


def on_device(command: Callable[..., None]) -> Callable[..., None]:
    """Returns a command with the option ``--device``, which is obeyed before it begins."""

    @functools.wraps(command)
    def run(*args: Any, device: str | None, **options: Any) -> None:
        if device is not None:
            choose(device)
        command(*args, **options)

    return _with_options(run, command, {"device": (Device, None)})


def among_processes(command: Callable[..., None]) -> Callable[..., None]:
    """Returns a command with the options of several processes, of which the first one reports."""

    @functools.wraps(command)
    def run(
        *args: Any,
        distributed: bool,
        coordinator: str | None,
        num_processes: int | None,
        process_id: int | None,
        **options: Any,
    ) -> None:
        if coordinator is not None or distributed:
            if options.get("device") is not None:
                # Who is first is asked of the devices, which start with that.
                _prefer(options["device"])
            _join(coordinator, num_processes, process_id)
            _together(functools.partial(command, *args, **options))
            return
        if num_processes is not None or process_id is not None:
            _fail(
                "--num-processes, --process-id: got them without --coordinator; expected all "
                "three. For instance --coordinator 127.0.0.1:9876 --num-processes 2 --process-id 0."
            )
        command(*args, **options)

    return _with_options(
        run,
        command,
        {
            "distributed": (Distributed, False),
            "coordinator": (Coordinator, None),
            "num_processes": (NumProcesses, None),
            "process_id": (ProcessId, None),
        },
    )


def _with_options(
    run: Callable[..., None], command: Callable[..., None], added: Mapping[str, tuple[Any, Any]]
) -> Callable[..., None]:
    """Gives a function the signature of a command with further options, for typer to read."""
    known = inspect.signature(command, eval_str=True)
    kind = inspect.Parameter.KEYWORD_ONLY
    further = [
        inspect.Parameter(name, kind, default=default, annotation=annotation)
        for name, (annotation, default) in added.items()
    ]
    run.__signature__ = known.replace(parameters=[*known.parameters.values(), *further])  # type: ignore[attr-defined]
    run.__annotations__ = {name: one.annotation for name, one in known.parameters.items()} | {
        name: annotation for name, (annotation, _) in added.items()
    }
    return run


def choose(device: str) -> None:
    """Makes JAX compute on a kind of device, here and in the processes that are started from here.

    Args:
        device: cpu, gpu or tpu.
    """
    import jax

    before = jax.config.values["jax_platforms"]
    _prefer(device)
    try:
        found = jax.devices(device)
    except RuntimeError as problem:
        jax.config.update("jax_platforms", before)
        offered = sorted({one.platform for one in jax.devices()})
        _fail(
            f"--device: got {device!r}; expected what JAX finds here: {' or '.join(offered)}. "
            'Another one needs JAX for it: pip install "jax[cuda12]" for NVIDIA, "jax[tpu]" for '
            f"TPU. JAX says: {str(problem).splitlines()[0]}"
        )
    if jax.devices()[0] not in found:
        # JAX was running already.
        jax.config.update("jax_default_device", found[0])
    if device != "gpu":
        os.environ["JAX_PLATFORMS"] = device
    # Several processes share an accelerator only if none of them takes all of its memory.
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")


def _prefer(device: str) -> None:
    """Tells JAX which devices to start, before it starts any."""
    if device not in ("cpu", "gpu", "tpu"):
        _fail(f"--device: got {device!r}; expected cpu, gpu or tpu. Choose one.")
    # A GPU has several names (cuda, rocm), and JAX fails if it is asked for all of them and one is
    # missing. If there is one, it takes it by itself.
    if device != "gpu":
        import jax

        jax.config.update("jax_platforms", device)


def in_words() -> str:
    """Returns where programs ran, unless that is one CPU device."""
    from kdtheory._devices import devices

    among = devices()
    if len(among) == 1 and among[0].platform == "cpu":
        return ""
    number = f"{len(among)} devices" if len(among) > 1 else "1 device"
    return f", {number} ({among[0].device_kind})"


def _join(coordinator: str | None, num_processes: int | None, process_id: int | None) -> None:
    """Connects this process with the others."""
    import jax

    if coordinator is not None and (num_processes is None or process_id is None):
        _fail(
            "--coordinator: got it without --num-processes or --process-id; expected all three. "
            f"For instance --coordinator {coordinator} --num-processes 2 --process-id 0."
        )
    if coordinator is not None and not coordinator.rpartition(":")[2].isdigit():
        _fail(
            f"--coordinator: got {coordinator!r}; expected HOST:PORT, where process 0 listens. "
            "For instance 127.0.0.1:9876."
        )
    if num_processes is not None and process_id is not None and process_id >= num_processes:
        _fail(
            f"--process-id: got {process_id}; expected one of 0 to {num_processes - 1}, another in "
            f"every one of the {num_processes} processes. Count from 0."
        )
    which = f"process {process_id} of {num_processes}, at {coordinator}"
    typer.echo(
        f"kdtheory: {which if coordinator else 'a process of a cluster'}: waiting for the others, "
        f"{TIMEOUT} seconds at most. If one of them ends, JAX ends all; finished claims are kept.",
        err=True,
    )
    try:
        jax.distributed.initialize(
            coordinator, num_processes, process_id, initialization_timeout=TIMEOUT
        )
    except (ValueError, RuntimeError) as problem:
        _fail(
            f"the other processes: got {str(problem).splitlines()[0]} Expected a cluster that JAX "
            "detects, or the same --coordinator and --num-processes in every process, each with a "
            "--process-id of its own."
        )


def _together(command: Callable[[], None]) -> None:
    """Runs a command in one of several processes, of which the first one writes."""
    from kdtheory import cli
    from kdtheory._devices import ProcessLost, is_first

    # What the connection writes to standard output itself would spoil a table, or JSON.
    own = os.dup(1)
    os.dup2(2, 1)
    sys.stdout = os.fdopen(own, "w") if is_first() else open(os.devnull, "w")  # noqa: SIM115
    try:
        command()
    except ProcessLost as problem:
        typer.echo(
            f"kdtheory: {problem}. Claims that were finished before are kept: start all processes "
            "again, with --resume.",
            err=True,
        )
        _leave(LOST)
    except typer.Exit as end:
        # All others come to such an end by themselves, at the same place.
        if end.exit_code in (cli.BAD_INPUT, cli.INTERRUPTED):
            _leave(end.exit_code)
        raise
    except KeyboardInterrupt:
        _leave(cli.INTERRUPTED)
    finally:
        sys.stdout.flush()


def _leave(code: int) -> typing.NoReturn:
    """Ends this process now: in good order it would wait for others, which wait for it."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


def _fail(message: str) -> typing.NoReturn:
    from kdtheory import cli

    cli.fail(message)
