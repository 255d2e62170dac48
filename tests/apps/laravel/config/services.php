<?php

return [
    'booking' => [
        'url' => env('BOOKING_URL', 'http://127.0.0.1:8081'),
        'token' => env('BOOKING_TOKEN', ''),
        'timeout' => (float) env('BOOKING_TIMEOUT', 20),
    ],
    'retell' => [
        'api_key' => env('RETELL_API_KEY', ''),
    ],
];
