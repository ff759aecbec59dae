/* The centre over WeChat's legacy /cgi-bin/token: every call makes a new token, and the one before dies OVERLAP later.
 * README.md says what is modelled and what is left out; scripts/model checks it.
 *
 * Time goes in ticks. Nobody has to act before a tick: that is how a process is paused, at any point. Any process can
 * be killed at any point, and starts again.
 *
 * -DNO_FENCE -DNO_INTENT -DNO_FRESH and the other switches below make the weaker variants.
 */
#ifndef N
#define N 4
#endif
#define OVERLAP 4       /* a token lives so long after the next call */
#define MARGIN 3        /* renewed so long before its end; below OVERLAP */
#define LEASE 2         /* below MARGIN */
#define TRAVEL 1        /* a request reaches WeChat within so many ticks: the call's deadline; below LEASE */
#define COPY 3          /* a client keeps its copy so long, at most; below OVERLAP */
#define LONG 5          /* served: far from its end, whatever the lifetime */
#define NEWEST 5        /* truth: WeChat made no newer one */

/* The store's record. */
byte served = 0;        /* it is handed out for so many ticks more; 0: there is none to hand out */
byte truth = 0;         /* WeChat takes it for so many ticks more; never read by the protocol */
bool intent = false;    /* a call may have been made, and its answer lost */
byte lease = 0;         /* ticks until anybody may take the lease */

/* A client's copy of what it was handed. */
byte copy = 0;
byte copy_truth = 0;

/* Each process. */
byte mine[N];           /* what is left of its lease, by its own watch */
bool outbid[N];         /* the fence: somebody took the lease after it */
bool changed[N];        /* the record was replaced after it read it */
bool wants[N];          /* it has read the record, and not yet called */
bool holds[N];          /* it took the lease, and has not finished */
bool waiting[N];        /* for the answer to its call */
bool has[N];            /* the answer */
byte got[N];            /* the truth of the token in the answer */
byte flight[N];         /* 0: no request on its way; else one more than the ticks it may still take */

byte i;

#if N == 2
#define none_is_late (flight[0] != 1 && flight[1] != 1)
#elif N == 3
#define none_is_late (flight[0] != 1 && flight[1] != 1 && flight[2] != 1)
#else
#define none_is_late (flight[0] != 1 && flight[1] != 1 && flight[2] != 1 && flight[3] != 1)
#endif
#define due (served <= MARGIN || intent)
#define min(a, b) ((a) < (b) -> (a) : (b))

inline age(what) {
    if
    :: what > 0 -> what--
    :: else
    fi
}

inline forget_answer(who) {
    waiting[who] = false;
    has[who] = false;
    got[who] = 0
}

/* Nobody is ever handed a token that WeChat refuses. */
inline look() {
#ifndef COUNT_CALLS
    assert(!(served > 0 && truth == 0));
    assert(!(copy > 0 && copy_truth == 0))
#endif
    skip
}

/* A reason to renew; or somebody reports the current token, rightly or not. */
inline want() {
    if
    :: due -> reported = false
    :: !due && served > 0 -> reported = true
    fi
}

proctype worker(byte me) {
    bool reported;

rest:
    atomic {
        flight[me] == 0;                /* a killed one's request is on its way a moment longer */
        forget_answer(me);
        outbid[me] = false;
        mine[me] = 0;
        changed[me] = false;
        holds[me] = false;
        wants[me] = false
    }

#ifdef NO_REREAD
    atomic {
        want();
        wants[me] = true
    }
#endif

    if
    :: atomic {
#ifndef NO_LEASE
            lease == 0;
#endif
#ifndef NO_REREAD
            /* The record is read inside the lease, so whatever was read before it counts for nothing. */
            want();
            wants[me] = true;
#endif
            lease = LEASE;
            mine[me] = LEASE;
            i = 0;
            do
            :: i < N ->
                outbid[i] = holds[i];
#ifndef NO_FENCE
                /* The fence will throw its answer away: its truth need not be followed. */
                got[i] = (outbid[i] -> 0 : got[i]);
#endif
                i++
            :: else -> break
            od;
            holds[me] = true;
            outbid[me] = false;
            i = 0
        }
    :: goto rest                        /* killed, or another holds the lease */
    fi;

    if
    :: atomic {
#ifdef COUNT_CALLS
            /* One call a cycle: none for a record that somebody renewed meanwhile. */
            assert(outbid[me] || due || (reported && !changed[me]));
#endif
#ifndef NO_INTENT
#ifndef NO_FENCE
            if
            :: outbid[me] -> goto rest
            :: else
            fi;
#endif
            intent = true;
#ifdef LATEST_INTENT
            if
            :: served > 0 -> served = OVERLAP
            :: else
            fi;
#else
            served = min(served, OVERLAP);
#endif
            look();
#endif
            skip
        }
    :: goto rest                        /* killed */
    fi;

    if
    :: atomic {
#ifndef NO_FRESH
            if
            :: mine[me] > TRAVEL
            :: else -> goto rest
            fi;
#endif
            wants[me] = false;
            changed[me] = false;
            flight[me] = TRAVEL + 1;
            waiting[me] = true
        }
    :: goto rest                        /* killed */
    fi;

    if
    :: atomic {
            has[me] ->
#ifndef NO_FENCE
            if
            :: outbid[me] -> goto rest
            :: else
            fi;
#endif
#ifdef NEVER_RENEWS
            assert(false);              /* fails if the model does anything at all */
#endif
            served = LONG;
            truth = got[me];
            intent = false;
            i = 0;
            do
            :: i < N -> changed[i] = wants[i]; i++
            :: else -> break
            od;
            i = 0;
            if
            :: !outbid[me] -> lease = 0
            :: else
            fi;
            forget_answer(me);
            look()
        }
    :: goto rest                        /* killed, or the answer was lost */
    fi;
    goto rest
}

/* A request arrives: a new token, and OVERLAP ticks for every older one. */
inline issue(who) {
    truth = min(truth, OVERLAP);
    copy_truth = min(copy_truth, OVERLAP);
    i = 0;
    do
    :: i < N -> got[i] = min(got[i], OVERLAP); i++
    :: else -> break
    od;
    i = 0;
    flight[who] = 0;
    if
    :: waiting[who] ->
        has[who] = true;
#ifdef NO_FENCE
        got[who] = NEWEST
#else
        got[who] = (outbid[who] -> 0 : NEWEST)
#endif
    :: else
    fi
}

active proctype wechat() {
    byte who;
    do
    :: d_step { flight[0] > 0 -> issue(0) }
    :: d_step { flight[1] > 0 -> issue(1) }
#if N > 2
    :: d_step { flight[2] > 0 -> issue(2) }
#endif
#if N > 3
    :: d_step { flight[3] > 0 -> issue(3) }
#endif
    od
}

#ifndef COUNT_CALLS
active proctype client() {
    do
    :: atomic {
            served > 0 ->
#ifdef LONG_COPY
            copy = served;
#else
            copy = min(served, COPY);
#endif
            copy_truth = truth
        }
    od
}
#endif

inline tick_worker(who) {
    age(mine[who]);
    age(flight[who]);
    if
    :: got[who] > 0 && got[who] < NEWEST -> got[who]--
    :: else
    fi
}

active proctype time() {
    do
    :: atomic {
            none_is_late ->             /* no request takes longer than TRAVEL */
            if
            :: served == LONG               /* still far from its end */
            :: served > 0 -> served--       /* its end has come near, or nearer */
            :: served == 0
            fi;
            if
            :: truth > 0 && truth < NEWEST -> truth--
            :: else
            fi;
            if
            :: copy == LONG
            :: copy > 0 -> copy--
            :: copy == 0
            fi;
            if
            :: copy == 0 -> copy_truth = 0
            :: else ->
                if
                :: copy_truth > 0 && copy_truth < NEWEST -> copy_truth--
                :: else
                fi
            fi;
            if
            :: served == 0 -> truth = 0     /* it is handed out no more */
            :: else
            fi;
            age(lease);
            tick_worker(0);
            tick_worker(1);
#if N > 2
            tick_worker(2);
#endif
#if N > 3
            tick_worker(3);
#endif
            look()
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
