<?php
// Programs that PHP starts inherit its environment, the preload included.
header('Content-Type: application/json');
exec('/usr/bin/env', $environment, $code);
$process = proc_open(['/bin/sh', '-c', 'cat; echo err >&2'], [['pipe', 'r'], ['pipe', 'w'], ['pipe', 'w']], $pipes);
fwrite($pipes[0], 'in');
fclose($pipes[0]);
$piped = [stream_get_contents($pipes[1]), stream_get_contents($pipes[2])];
$php = shell_exec(PHP_BINDIR . '/php8.2 -n -r "echo 6 * 7;" 2>&1');
echo json_encode([$code, count($environment) > 0, $piped, proc_close($process), $php]);
