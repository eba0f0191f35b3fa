"""Reports: figures of visits and their hourly rollup, and the uplift of campaigns."""
