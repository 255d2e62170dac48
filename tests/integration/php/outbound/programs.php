<?php
// Programs that are started, and mail.
namespace App;

function ran(): array
{
    exec('echo one; exit 3', $lines, $status);
    ob_start();
    system('MYSQL_PWD=planted-1 true --password=planted-2 -p x', $second);
    passthru('printf so', $third);
    return [$lines, $status, shell_exec('true'), $second, $third, ob_get_clean(), exec('false')];
}

function opened(): array
{
    $read = popen('echo piped', 'r');
    $said = [fgets($read), pclose($read)];
    $process = proc_open(['sh', '-c', 'exit 5', '--api-key', 'planted-3', '--token=planted-4'], [], $pipes, '/', ['SECRET' => 'planted-5']);
    $said[] = proc_close($process);
    return $said;
}

function mailed(): array
{
    // what takes it looks for her name
    return [mail('kaethe@example.org', 'Ihr Termin', 'planted-6 is what the mail says', ['X-Token' => 'planted-7']),
            @mail('jens@example.org', 'Ihr Termin', 'planted-8')];
}

function refused(): string
{
    try {
        exec('');
    } catch (\ValueError $e) {
        return $e->getMessage();
    }
    return 'not thrown';
}

echo json_encode([ran(), opened(), mailed(), refused()]);
