"""The tools: functions over claims."""
