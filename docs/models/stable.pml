/* The centre over WeChat's stable_token: a plain call gives the token in force and kills nothing; force_refresh kills
 * every older token at once. README.md says what is modelled and what is left out; scripts/model checks it.
 *
 * Time goes in ticks. Nobody has to act before a tick: that is how a process is paused, at any point. Any process can
 * be killed at any point, and starts again. Anybody else who has the AppSecret may force a refresh at any time.
 *
 * -DNO_FENCE -DNO_FRESH -DNO_PROBE and the other switches below make the weaker variants.
 */
#ifndef N
#define N 4
#endif
#define LEASE 3
#define TRAVEL 1        /* a request reaches WeChat within so many ticks: the call's deadline; below LEASE */

#define NONE 0          /* no token */
#define NEWEST 1        /* WeChat's own, in force */
#define OLDER 2         /* WeChat renewed by itself, near the end: it lives on to that end */
#define DEAD 3          /* somebody forced a refresh */

#define PLAIN 1
#define FORCE 2
#define PROBE 3

byte held = NONE;       /* the token in the store, which is handed out */
bool near = false;      /* its end is near: it is due */
byte lease = 0;

byte mine[N];           /* what is left of its lease, by its own watch */
bool outbid[N];         /* the fence: somebody took the lease after it */
bool holds[N];
byte asks[N];           /* what it waits for */
byte got[N];            /* the token in the answer */
bool refused[N];        /* the probe's answer: WeChat refuses the token */
byte flight[N];         /* 0: no request on its way; else one more than the ticks it may still take */
byte sent[N];           /* what is on its way */

byte i;

inline everyone_loses() {
    held = (held == NONE -> NONE : DEAD);
    i = 0;
    do
    :: i < N -> got[i] = (got[i] == NONE -> NONE : DEAD); i++
    :: else -> break
    od;
    i = 0
}

inline everyone_ages() {
    held = (held == NEWEST -> OLDER : held);
    i = 0;
    do
    :: i < N -> got[i] = (got[i] == NEWEST -> OLDER : got[i]); i++
    :: else -> break
    od;
    i = 0
}

inline send(me, what) {
    sent[me] = what;
    asks[me] = what;
    flight[me] = TRAVEL + 1
}

inline give_up(me) {
    asks[me] = 0;
    got[me] = NONE;
    refused[me] = false
}

proctype worker(byte me) {
    bool reported;

rest:
    atomic {
        flight[me] == 0;
        give_up(me);
        outbid[me] = false;
        holds[me] = false;
        mine[me] = 0;
        reported = false
    }

#ifdef PROBE_OUTSIDE
    /* Weaker: the probe comes first, the lease after it. */
    if
    :: held == NONE || near
    :: atomic { held != NONE; reported = true; send(me, PROBE) };
        if
        :: atomic { asks[me] == 0; refused[me] -> refused[me] = false }
        :: goto rest
        fi
    fi;
#endif

    if
    :: atomic {
#ifndef NO_LEASE
            lease == 0;
#endif
#ifndef PROBE_OUTSIDE
            if
            :: held == NONE || near
            :: held != NONE -> reported = true  /* somebody reports the current token, rightly or not */
            fi;
#endif
            lease = LEASE;
            mine[me] = LEASE;
            i = 0;
            do
            :: i < N ->
                outbid[i] = holds[i];
#ifndef NO_FENCE
                got[i] = (outbid[i] -> NONE : got[i]);
#endif
                i++
            :: else -> break
            od;
            i = 0;
            holds[me] = true;
            outbid[me] = false
        }
    :: goto rest                        /* killed, or another holds the lease */
    fi;

#ifndef NO_PROBE
#ifndef PROBE_OUTSIDE
    if
    :: atomic { !reported }
    :: atomic { reported -> send(me, PROBE) };
        if
        :: atomic {
                asks[me] == 0;
                if
                :: refused[me] -> refused[me] = false
                :: else -> 
                    if
                    :: !outbid[me] -> lease = 0
                    :: else
                    fi;
                    goto rest           /* the token is good: nothing is done */
                fi
            }
        :: goto rest                    /* killed, or the answer was lost */
        fi
    :: goto rest
    fi;
#endif
#endif

    if
    :: atomic {
#ifndef NO_FRESH
            if
            :: mine[me] > TRAVEL
            :: else -> goto rest
            fi;
#endif
            if
            :: reported -> send(me, FORCE)
            :: else -> send(me, PLAIN)
            fi
        }
    :: goto rest                        /* killed */
    fi;

    if
    :: atomic {
            asks[me] == 0;
#ifndef NO_FENCE
            if
            :: outbid[me] -> goto rest
            :: else
            fi;
#endif
#ifdef NEVER_RENEWS
            assert(!reported);          /* fails if the model does anything at all */
#endif
            /* A good token is never replaced by one that WeChat refuses. */
            assert(!((held == NEWEST || held == OLDER) && got[me] == DEAD));
            held = got[me];
            near = false;
            if
            :: !outbid[me] -> lease = 0
            :: else
            fi;
            give_up(me)
        }
    :: goto rest                        /* killed, or the answer was lost */
    fi;
    goto rest
}

inline arrive(who) {
    if
    :: sent[who] == PLAIN ->
        if
        :: asks[who] != 0 -> got[who] = NEWEST
        :: else
        fi
    :: sent[who] == FORCE ->
        /* Our own call never kills a good token that is being handed out. */
        assert(held != NEWEST && held != OLDER);
        everyone_loses();
        if
        :: asks[who] != 0 -> got[who] = NEWEST
        :: else
        fi
    :: sent[who] == PROBE ->
        if
        :: asks[who] != 0 -> refused[who] = (held == DEAD)
        :: else
        fi
    fi;
#ifndef NO_FENCE
    got[who] = (outbid[who] -> NONE : got[who]);
#endif
    asks[who] = 0;
    sent[who] = 0;
    flight[who] = 0
}

active proctype wechat() {
    do
    :: atomic { flight[0] > 0 -> arrive(0) }
    :: atomic { flight[1] > 0 -> arrive(1) }
#if N > 2
    :: atomic { flight[2] > 0 -> arrive(2) }
#endif
#if N > 3
    :: atomic { flight[3] > 0 -> arrive(3) }
#endif
    :: d_step { held == NEWEST -> everyone_ages() }     /* renewed by itself, 5 minutes before the end */
    od
}

active proctype somebody_else() {
    do
    :: d_step { held == NEWEST || held == OLDER -> everyone_loses() }
    od
}

inline tick_worker(who) {
    mine[who] = (mine[who] > 0 -> mine[who] - 1 : 0);
    flight[who] = (flight[who] > 0 -> flight[who] - 1 : 0)
}

#if N == 2
#define none_is_late (flight[0] != 1 && flight[1] != 1)
#elif N == 3
#define none_is_late (flight[0] != 1 && flight[1] != 1 && flight[2] != 1)
#else
#define none_is_late (flight[0] != 1 && flight[1] != 1 && flight[2] != 1 && flight[3] != 1)
#endif

active proctype time() {
    do
    :: atomic {
            none_is_late ->             /* no request takes longer than TRAVEL */
            if
            :: true                     /* still far from its end */
            :: held != NONE && !near -> near = true
            :: near -> held = NONE; near = false    /* its end, when nobody renewed it */
            fi;
            lease = (lease > 0 -> lease - 1 : 0);
            tick_worker(0);
            tick_worker(1);
#if N > 2
            tick_worker(2);
#endif
#if N > 3
            tick_worker(3);
#endif
            skip
        }
    od
}

init {
    atomic {
        run worker(0);
        run worker(1);
#if N > 2
        run worker(2);
#endif
#if N > 3
        run worker(3)
#endif
    }
}
