<?php

namespace App\Http\Controllers;

use App\Services\CallLogService;
use Illuminate\Http\Request;

class RetellWebhookController
{
    private CallLogService $log;

    public function __construct(CallLogService $log)
    {
        $this->log = $log;
    }

    public function handle(Request $request)
    {
        $event = (string) $request->json('event');
        if ($event === '') {
            return response()->json(['message' => 'No event.'], 422);
        }
        $this->log->record($event, (array) $request->json('call', []));

        return response()->noContent();
    }
}
