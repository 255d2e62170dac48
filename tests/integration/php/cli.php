<?php
// A plain script: what it does is told by its first argument.
class Rechner
{
    public function halbiere(int $n): int
    {
        if ($n % 2) {
            throw new DomainException("ungerade: $n");
        }
        return intdiv($n, 2);
    }
}

function verbinde(array $argumente, string $passwort): int
{
    return count($argumente) + strlen($passwort);
}

function halbiert(int $n): string
{
    try {
        return 'halb ' . (new Rechner())->halbiere($n);
    } catch (DomainException $e) {
        return $e->getMessage();
    }
}

function wirft()
{
    throw new LogicException('nicht gefangen');
}

function ruft_unbekannt()
{
    gibt_es_nicht();
}

function verlaesst(int $status)
{
    exit($status);
}

function wartet()
{
    fwrite(STDOUT, "bereit\n");
    while (true) {
        usleep(10000);
    }
}

function teilt(): int
{
    $kind = pcntl_fork();
    if ($kind === 0) {
        halbiert(8);
        echo "Kind\n";
        exit(5);
    }
    halbiert(6);
    pcntl_waitpid($kind, $status);
    return pcntl_wexitstatus($status);
}

function stilles_kind(): int
{
    $kind = pcntl_fork();
    if ($kind === 0) {
        exit(6);
    }
    pcntl_waitpid($kind, $status);
    return pcntl_wexitstatus($status);
}

class Schleife
{
    public function laufe(int $runden): void
    {
        for ($i = 1; $i <= $runden; $i++) {
            try {
                $this->auftrag($i);
            } catch (DomainException $e) {
            }
            halbiert($i);
        }
        echo "fertig\n";
    }

    public function auftrag(int $nummer): int
    {
        if ($nummer === 4) {
            exit(9);
        }
        return $nummer === 2 ? $this->geschachtelt(3) : (new Rechner())->halbiere($nummer + 1);
    }

    private function geschachtelt(int $nummer): int
    {
        return $this->auftrag($nummer - 2) + (new Rechner())->halbiere($nummer);
    }
}

$optionen = getopt('', ['passwort:', 'token:'], $rest);
switch ($argv[$rest] ?? 'rechnen') {
    case 'rechnen':
        echo halbiert(4), PHP_EOL, halbiert(5), PHP_EOL;
        break;
    case 'geheim':
        verbinde($argv, $optionen['passwort'] ?? '');
        break;
    case 'schleife':
        (new Schleife())->laufe((int) $argv[$rest + 1]);
        break;
    case 'viele':
        for ($i = 0; $i < 1000; $i++) {
            halbiert(2 * $i);
        }
        break;
    case 'werfen':
        wirft();
        break;
    case 'fatal':
        ruft_unbekannt();
        break;
    case 'verlassen':
        verlaesst(7);
        break;
    case 'warten':
        wartet();
        break;
    case 'teilen':
        echo teilt(), PHP_EOL;
        break;
    case 'stilles-kind':
        echo stilles_kind(), PHP_EOL;
        break;
    case 'signale':
        pcntl_async_signals(true);
        pcntl_signal(SIGUSR1, fn () => print(halbiert(2) . PHP_EOL));
        posix_kill(getmypid(), SIGUSR1);
        echo halbiert(3), PHP_EOL;
        pcntl_signal(SIGTERM, SIG_DFL);
        posix_kill(getmypid(), SIGTERM);
        break;
    case 'speicher':
        ini_set('memory_limit', '8M');
        (fn () => str_repeat('x', 100 << 20))();
        break;
    case 'kinder':
        echo shell_exec('echo $0 $LD_PRELOADED; ' . PHP_BINARY . ' -r "echo 7; exit(3);"; echo $?');
        $kind = proc_open(['/bin/cat'], [['pipe', 'r'], ['pipe', 'w']], $rohre);
        fwrite($rohre[0], 'durch');
        fclose($rohre[0]);
        echo stream_get_contents($rohre[1]), proc_close($kind), PHP_EOL;
        break;
    case 'errno':
        echo posix_kill(999999, 0) ? '' : posix_get_last_error(), PHP_EOL;
        break;
}
