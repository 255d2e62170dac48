<?php

namespace App\Models;

use Illuminate\Database\Eloquent\Model;

class Appointment extends Model
{
    protected $fillable = [
        'uid', 'call_id', 'customer_name', 'customer_phone', 'customer_email', 'dienstleistung', 'start', 'status',
    ];
}
