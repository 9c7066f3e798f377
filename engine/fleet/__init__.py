"""What schedulers run: files for Kubernetes, Airflow and systemd, made of a folder of merchants."""
