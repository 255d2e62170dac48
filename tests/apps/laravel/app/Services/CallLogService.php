<?php

namespace App\Services;

use App\Models\CallLog;

class CallLogService
{
    public function record(string $event, array $call): CallLog
    {
        return CallLog::create([
            'call_id' => $call['call_id'] ?? '',
            'event' => $event,
            'from_number' => $call['from_number'] ?? null,
        ]);
    }
}
