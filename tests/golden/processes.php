<?php
// Programs that are started see no trace of the agent and are waited for as ever.

function runs(string $command): string
{
    exec($command, $lines, $status);
    return implode('|', $lines) . ":$status";
}

function talks(array $argv, string $input): string
{
    $process = proc_open($argv, [['pipe', 'r'], ['pipe', 'w']], $pipes);
    fwrite($pipes[0], $input);
    fclose($pipes[0]);
    $out = stream_get_contents($pipes[1]);
    return $out . proc_close($process);
}

echo runs('echo one; echo two; exit 3'), ' ', talks(['/bin/cat'], 'through'), ' ', trim(shell_exec('echo shell')), "\n";
