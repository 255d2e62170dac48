<?php

namespace App\Jobs;

use Illuminate\Contracts\Queue\ShouldQueue;
use Illuminate\Queue\InteractsWithQueue;
use RuntimeException;

class SendReminder implements ShouldQueue
{
    use InteractsWithQueue;

    public string $uid;

    public function __construct(string $uid)
    {
        $this->uid = $uid;
    }

    public function handle()
    {
        $this->send($this->uid);
    }

    private function send(string $uid): string
    {
        if ($uid === 'kaputt') {
            throw new RuntimeException('Kein Empfang');
        }
        return 'gesendet ' . $uid;
    }
}
