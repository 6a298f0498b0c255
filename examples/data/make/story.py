"""What the invented study says: every fact of the example data, written once.

The study, its numbers and its speakers are invented. Facts that agree, disagree and are missing on purpose are
listed in `facts.json`, which `facts.py` writes.
"""

TITLE = "Loom: Ordering Jobs Like Threads on a Small Data Service"
BYLINE = "Anonymous authors"
NOTE = "An invented study. It accompanies the Omniloom examples; no such trial took place."

ABSTRACT = (
    "A small data service often runs its jobs in the order in which they arrive. Each change from one data set to "
    "another empties the cache and costs time. We present Loom, a scheduler that orders jobs as a weaver orders "
    "threads: it finishes all jobs that need one data set before it takes up the next. In a trial on four machines, "
    "throughput doubled from 410 to 820 jobs per second. Energy use fell by 18 percent."
)

SECTIONS = {
    "1  Introduction": (
        "Research groups, libraries and small firms run data services on a handful of machines. Such a service "
        "receives many short jobs: a report, a search, a conversion. Most schedulers run them first come, first "
        "served. This is fair and simple, but two jobs that need the same data set may run far apart, and the data "
        "are then loaded twice.",
        "Large data centres solve this with more memory. A small service cannot. We ask instead whether a better "
        "order of the same jobs, on the same machines, is enough.",
    ),
    "2  How Loom works": (
        "Loom keeps one queue for each data set, which we call a thread. It picks the thread with the most waiting "
        "jobs and runs it until the thread is empty or a time limit is reached. Then it changes to the next thread. "
        "A change is expensive, so Loom makes as few changes as it can.",
        "The time limit keeps the order fair. No job waits longer than sixty seconds before its thread is taken up, "
        "however short that thread is. Users may mark a job as urgent; urgent jobs are run at once and are not "
        "counted in our results.",
        "Loom is a single program without a database. If a machine fails, its jobs return to their threads and the "
        "other machines take them over.",
    ),
    "3  The trial": (
        "We ran the trial on the data service of a public library. In weeks 1 to 6 the service used first come, "
        "first served; in weeks 7 to 12 it used Loom. Machines, data sets and users stayed the same. We counted "
        "finished jobs, the time that jobs waited, failed jobs, and the energy drawn at the wall socket.",
    ),
    "4  Results": (
        "Figure 1 shows throughput week by week. Under first come, first served it stayed close to 410 jobs per "
        "second. It rose as soon as Loom was switched on and reached 820 jobs per second in week 12. Table 1 compares "
        "the last week of each scheduler.",
        "Waiting became shorter too. In week 6 the slowest five percent of jobs waited 9.6 seconds or more; in week "
        "12 they waited 3.2 seconds or more. Fewer jobs failed, because fewer of them ran into their time limit.",
        "Energy for each thousand jobs fell from 50 to 41 watt hours. The machines draw almost the same power as "
        "before, but they finish earlier and rest for longer.",
    ),
    "5  Limits": (
        "The trial covers one service with one mix of jobs. Where every job needs a data set of its own, Loom can "
        "gain nothing. We compared weeks that follow each other, so a change of season may play a part. We did not "
        "test services with more than four machines.",
    ),
    "6  Conclusion": (
        "The order of jobs matters as much as the machines that run them. On a small service, keeping to one thread "
        "until it is finished doubled throughput without new hardware.",
    ),
}
FIRST_PAGE = ("1  Introduction", "2  How Loom works", "3  The trial")

TABLE_CAPTION = "Table 1. The last week of each scheduler."
TABLE = (
    ("Measure", "Week 6", "Week 12"),
    ("Scheduler", "first come", "Loom"),
    ("Throughput (jobs per second)", "410", "820"),
    ("Slowest 5% of jobs wait (s)", "9.6", "3.2"),
    ("Failed jobs in the week", "31", "12"),
    ("Energy per 1,000 jobs (Wh)", "50", "41"),
)
FIGURE_CAPTION = "Figure 1. Throughput in each week of the trial."

COLUMNS = ("week", "scheduler", "jobs_per_second", "slowest_5_percent_wait_seconds", "failed_jobs")
WEEKS = (
    (1, "first come", 402, 9.9, 34),
    (2, "first come", 415, 9.4, 29),
    (3, "first come", 408, 9.7, 33),
    (4, "first come", 412, 9.5, 30),
    (5, "first come", 405, 9.8, 32),
    (6, "first come", 410, 9.6, 31),
    (7, "Loom", 655, 5.1, 22),
    (8, "Loom", 718, 4.4, 19),
    (9, "Loom", 764, 3.9, 17),
    (10, "Loom", 793, 3.5, 14),
    (11, "Loom", 809, 3.4, 13),
    (12, "Loom", 820, 3.2, 12),
)
CHART_ONLY = "Peak memory: 3.1 GB"

# (voice, words, seconds of silence after them); the first voice asks, the second is the author.
ASKS, ANSWERS = "bm_george", "af_heart"
INTERVIEW = (
    (ASKS, "We are talking with the author of the Loom paper. What happened when you switched it on?", 0.5),
    (ANSWERS, "Throughput doubled. It went from 410 to 820 jobs per second.", 0.35),
    (ANSWERS, "And we did not buy a single new machine.", 0.6),
    (ASKS, "And how much energy did it save?", 0.5),
    (ANSWERS, "Less than we first wrote.", 0.25),
    (ANSWERS, "We measured again, and energy use fell by only 11 percent.", 0.6),
    (ASKS, "Where does the idea come from?", 0.5),
    (ANSWERS, "From my grandmother's hand loom.", 0.25),
    (ANSWERS, "A weaver does not change the thread more often than she has to. Neither does our scheduler.", 0.6),
    (ASKS, "And what comes next?", 0.5),
    (
        ANSWERS,
        "Next year we will test it in three hospitals. Their jobs are very different from those of a library.",
        0.6,
    ),
    (ASKS, "Thank you for your time.", 0.5),
)

CLIP_SECONDS = 10
CLIP_TITLE = "Failover test"
# (first second, large line, small line, nodes that run)
CLIP = (
    (0.0, "All nodes running", "Four machines, Loom switched on", (1, 2, 3, 4)),
    (3.0, "Node 3 unplugged", "Its jobs return to their threads", (1, 2, 4)),
    (7.0, "Recovered in 4 seconds", "Three machines took the jobs over", (1, 2, 4)),
)
CLIP_SPEECH = (ASKS, "In this test, we unplug one machine while jobs are running.", 0.6)

UNANSWERED = "What does Loom cost?"
