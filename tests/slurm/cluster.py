"""A real Slurm on this machine: munge, MariaDB, slurmdbd, slurmctld and one slurmd a node.

Everything lives in one folder and on free ports of the loopback device, so several clusters can
run beside each other and beside the machine's own. `python -m tests.slurm.cluster FOLDER` starts
one to try things on, and stops it on Ctrl-C.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

PROGRAMS = ("munged", "mariadbd", "slurmdbd", "slurmctld", "slurmd")
NODES = {"c1": "cpu", "c2": "cpu", "g1": "gpu", "g2": "gpu"}
ACCOUNT = "physics"
SECONDS_TO_START = 60
SECONDS_BACK_IN_QUEUE = 30  # before a job starts again; Slurm itself takes 120
SBIN = ":/usr/sbin:/sbin"

SLURM_CONF = """\
ClusterName=tagline
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={slurmctld_port}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket,cred_expire={seconds_back_in_queue}
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool/%n
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.%n.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
MpiDefault=none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU_Memory
SlurmdParameters=config_overrides
SchedulerParameters=sched_interval=5,batch_sched_delay=1,sched_min_interval=0
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=task=1
JobAcctGatherParams=OverMemoryKill
AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=127.0.0.1
AccountingStoragePort={slurmdbd_port}
AccountingStoragePass={folder}/munge/socket
AccountingStorageEnforce=associations
AccountingStorageTRES=gres/gpu
AccountingStoreFlags=job_comment
DefMemPerCPU=500
GresTypes=gpu
KillWait=10
SlurmdTimeout=20
ReturnToService=2
MailProg=/bin/true
NodeName=DEFAULT CPUs=8 RealMemory=20000 State=UNKNOWN
{nodes}
PartitionName=cpu Nodes={cpu_nodes} Default=YES MaxTime=1-0
PartitionName=gpu Nodes={gpu_nodes} MaxTime=1-0
"""

SLURMDBD_CONF = """\
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
DbdHost={host}
DbdAddr=127.0.0.1
DbdPort={slurmdbd_port}
SlurmUser=root
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={mariadb_port}
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm
LogFile={folder}/slurmdbd.log
PidFile={folder}/slurmdbd.pid
"""

# Snakemake starts srun without the SLURM_ variables, so without the place of slurm.conf.
SRUN = """\
#!/bin/sh
SLURM_CONF={folder}/slurm.conf exec {srun} "$@"
"""

DATABASE = """\
CREATE DATABASE slurm;
CREATE USER 'slurm'@'127.0.0.1' IDENTIFIED BY 'slurm';
GRANT ALL ON slurm.* TO 'slurm'@'127.0.0.1';
"""


def missing_programs() -> list[str]:
    """Name the programs that this machine lacks."""
    return [program for program in PROGRAMS if not shutil.which(program, path=search_path())]


def search_path() -> str:
    return os.environ["PATH"] + SBIN


class Cluster:
    """Daemons of a Slurm, each of which can be killed and started again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}
        names = ("slurmctld", "slurmdbd", "mariadb", *NODES)
        self.ports = dict(zip(names, free_ports(len(names)), strict=True))
        self.environment = os.environ | {
            "SLURM_CONF": str(folder / "slurm.conf"),
            "PATH": f"{folder}/bin:{search_path()}",
        }

    def start(self) -> None:
        """Start everything and wait until all nodes are idle."""
        self._write_configuration()
        self._start_munge()
        self._start_database()
        self.start_daemon("slurmdbd", "slurmdbd", "-D")
        wait_for(lambda: self.succeeds("sacctmgr", "--immediate", "show", "cluster"), "slurmdbd")
        self.run("sacctmgr", "--immediate", "add", "cluster", "tagline")
        self.run("sacctmgr", "--immediate", "add", "account", ACCOUNT)
        user = pwd.getpwuid(os.getuid()).pw_name
        self.run("sacctmgr", "--immediate", "add", "user", user, f"account={ACCOUNT}")
        self.start_controller()
        for node in NODES:
            self.start_node(node)
        wait_for(lambda: set(self.states().values()) == {"idle"}, "all nodes")

    def stop(self) -> None:
        """Stop everything, jobs included."""
        if "slurmctld" in self.daemons:
            self.succeeds("scancel", "--user", str(os.getuid()))
        for node in NODES:
            self.lose_node(node)
        for name in reversed(self.daemons):
            stop_process(self.daemons[name])

    def start_controller(self) -> None:
        """Start slurmctld, with the state it had before if there was one."""
        self.start_daemon("slurmctld", "slurmctld", "-D")
        wait_for(lambda: self.succeeds("scontrol", "ping"), "slurmctld")

    def kill_controller(self) -> None:
        """Kill slurmctld as a crash would."""
        self.daemons["slurmctld"].kill()
        self.daemons["slurmctld"].wait()

    def start_node(self, node: str) -> None:
        """Start the slurmd of a node."""
        self.start_daemon(node, "slurmd", "-D", "-N", node)

    def lose_node(self, node: str) -> None:
        """Kill the slurmd of a node and all its jobs at once, as a power cut would."""
        daemon = self.daemons.get(node)
        if daemon is None:
            return
        daemon.kill()
        daemon.wait()
        for process in processes_of_node(self.folder, node):
            kill(process)

    def start_daemon(self, name: str, *command: str) -> None:
        """Start one daemon in the foreground of a session of its own."""
        with (self.folder / f"{name}.out").open("ab") as output:
            self.daemons[name] = subprocess.Popen(
                command,
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )

    def run(self, *command: str) -> str:
        """Run a command of Slurm and return what it printed."""
        done = subprocess.run(command, env=self.environment, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}: {done.stderr or done.stdout}")
        return done.stdout

    def succeeds(self, *command: str) -> bool:
        """Whether a command of Slurm succeeds."""
        done = subprocess.run(command, env=self.environment, capture_output=True)
        return done.returncode == 0

    def states(self) -> dict[str, str]:
        """Return the state of each node."""
        return dict(
            line.split()
            for line in self.run("sinfo", "--noheader", "-N", "-o", "%N %T").splitlines()
        )

    def jobs(self) -> list[dict[str, str]]:
        """Return all jobs that accounting knows, with their comments as soon as they have one."""
        fields = ("JobIDRaw", "State", "Partition", "AllocTRES", "TimelimitRaw")
        fields += ("Comment", "NodeList", "WorkDir")
        table = self.run(
            "sacct", "-X", "--parsable2", "--noheader", f"--format={','.join(fields)}"
        )
        queue = self.run("squeue", "--states=all", "--noheader", "--format=%i|%k")
        comments = dict(line.split("|") for line in queue.splitlines())  # accounting: at the end
        jobs = [dict(zip(fields, line.split("|"), strict=True)) for line in table.splitlines()]
        return [job | {"Comment": job["Comment"] or comments[job["JobIDRaw"]]} for job in jobs]

    def _write_configuration(self) -> None:
        for name in ("munge", "state", "spool", "database", "bin"):
            (self.folder / name).mkdir(parents=True)
        values = {f"{name}_port": port for name, port in self.ports.items()}
        values |= {"folder": self.folder, "host": socket.gethostname()}
        values["seconds_back_in_queue"] = SECONDS_BACK_IN_QUEUE
        values["nodes"] = "\n".join(
            f"NodeName={node} NodeHostname={values['host']} NodeAddr=127.0.0.1 "
            f"Port={self.ports[node]}" + (" Gres=gpu:1" if partition == "gpu" else "")
            for node, partition in NODES.items()
        )
        for partition in ("cpu", "gpu"):
            nodes = [node for node, where in NODES.items() if where == partition]
            values[f"{partition}_nodes"] = ",".join(nodes)
        self._write("slurm.conf", SLURM_CONF, values)
        self._write("slurmdbd.conf", SLURMDBD_CONF, values)
        self._write("bin/srun", SRUN, values | {"srun": shutil.which("srun")})
        (self.folder / "bin/srun").chmod(0o755)
        self._write("gres.conf", f"NodeName={values['gpu_nodes']} Name=gpu File=/dev/null\n", {})

    def _write(self, name: str, text: str, values: Mapping[str, object]) -> None:
        path = self.folder / name
        path.write_text(text.format(**values) if values else text)
        path.chmod(0o600 if name == "slurmdbd.conf" else 0o644)

    def _start_munge(self) -> None:
        folder = self.folder / "munge"
        key = folder / "key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        options = {
            "key-file": key,
            "socket": folder / "socket",
            "pid-file": folder / "pid",
            "log-file": folder / "log",
            "seed-file": folder / "seed",
        }
        arguments = [f"--{name}={path}" for name, path in options.items()]
        self.start_daemon("munged", "munged", "--foreground", "--force", *arguments)
        wait_for((folder / "socket").exists, "munged")

    def _start_database(self) -> None:
        folder = self.folder / "database"
        user = pwd.getpwuid(os.getuid()).pw_name
        common = [f"--datadir={folder}", f"--user={user}"]
        self.run(
            "mariadb-install-db",
            "--no-defaults",
            *common,
            "--auth-root-authentication-method=normal",
        )
        self.start_daemon(
            "mariadbd",
            "mariadbd",
            "--no-defaults",
            *common,
            f"--socket={folder}/socket",
            f"--port={self.ports['mariadb']}",
            "--bind-address=127.0.0.1",
        )
        client = ("mariadb", "--no-defaults", f"--socket={folder}/socket", "--user=root")
        wait_for(lambda: self.succeeds(*client, "--execute", "SELECT 1"), "mariadbd")
        self.run(*client, "--execute", DATABASE)


@contextmanager
def running(folder: Path) -> Iterator[Cluster]:
    """Yield a cluster that is stopped in the end, come what may."""
    cluster = Cluster(folder)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


def free_ports(number: int) -> list[int]:
    """Return ports of the loopback device that nobody listens on."""
    sockets = [socket.socket() for _ in range(number)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


def wait_for(condition, what: str, seconds: float = SECONDS_TO_START) -> None:
    """Wait until a condition holds.

    Raises:
        TimeoutError: it does not within the time.
    """
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.2)


def processes_of_node(folder: Path, node: str) -> list[int]:
    """Return what the jobs of a node have started there, and the managers of these jobs."""
    found: set[int] = set()
    of_job = {f"SLURM_CONF={folder}/slurm.conf", f"SLURMD_NODENAME={node}"}
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is nobody's business
            if of_job <= set((entry / "environ").read_text(errors="replace").split("\0")):
                found.add(int(entry.name))
                parent = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
                if (Path("/proc") / str(parent) / "comm").read_text().startswith("slurmstepd"):
                    found.add(parent)
    return sorted(found)


def kill(process: int) -> None:
    """Kill a process that may be gone already."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)


def stop_process(process: subprocess.Popen[bytes]) -> None:
    """Ask a process to end, and kill it if it does not."""
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


if __name__ == "__main__":
    folder = Path(sys.argv[1]).resolve()
    asked_to_stop = {signal.SIGINT, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, asked_to_stop)
    with running(folder) as cluster:
        sys.stdout.write(f"export SLURM_CONF={folder}/slurm.conf PATH={folder}/bin:$PATH\n")
        sys.stdout.flush()
        signal.sigwait(asked_to_stop)
