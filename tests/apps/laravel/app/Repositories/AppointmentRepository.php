<?php

namespace App\Repositories;

use App\Models\Appointment;
use Illuminate\Support\Facades\DB;

class AppointmentRepository
{
    public function isTaken(string $datum, string $uhrzeit): bool
    {
        return DB::table('appointments')
            ->where('start', $datum . 'T' . $uhrzeit)
            ->where('status', 'accepted')
            ->exists();
    }

    /** @return string[] start times that are taken on that day */
    public function takenOn(string $datum): array
    {
        return DB::table('appointments')
            ->where('start', 'like', $datum . 'T%')
            ->orderBy('start')
            ->pluck('start')
            ->map(fn (string $start) => substr($start, 11, 5))
            ->all();
    }

    public function save(array $booking, array $args, ?string $callId): Appointment
    {
        return Appointment::updateOrCreate(
            ['uid' => $booking['uid']],
            [
                'call_id' => $callId,
                'customer_name' => $args['customer_name'],
                'customer_phone' => $args['customer_phone'] ?? null,
                'customer_email' => $args['customer_email'] ?? null,
                'dienstleistung' => $args['dienstleistung'],
                'start' => $args['start'],
                'status' => $booking['status'],
            ]
        );
    }

    public function findByUid(string $uid): ?Appointment
    {
        return Appointment::where('uid', $uid)->first();
    }
}
